insert into identifiers values (1, 'pg_class', 'integer', 'lower(text)', 'public', '{pg_class,named}'), (2, null, null, null, null, null);
update identifiers set rc = 'named'::regclass, rt = 'mood'::regtype where id = 1;
update identifiers set rca = '{of_extensions}' where id = 2;
insert into of_extensions values (1, 'MiXeD', 'a=>1, "b c"=>NULL, d=>"q\"q"', array['x=>1'::hstore]), (2, null, null, null), (3, '', '', '{}');
update of_extensions set h = h || 'z=>26' where id in (1, 2);
delete from of_extensions where id = 3;
insert into citext_key values ('Abc', 1), ('DEF', 2); update citext_key set v = 10 where k = 'abc'; update citext_key set k = 'ABC' where k = 'abc'; delete from citext_key where k = 'def';
