insert into built_in values (1, true, -32768, 2147483647, 1.17549435e-38, 2.2250738585072014e-308, 123456789012345678901234567890.123456789, 12345.678, '$1,234.56',
 'ab', 'varchar', 'text', 'a_name', 'x', '\x00ff5c27', '4713-01-01 BC', '23:59:59.999', '12:00:00+05:30', 'infinity', '-infinity', '-1 year -2 mons +3 days -04:05:06.789',
 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11', '{"a": [1, 2.50, null], "a": "dup"}', '{"b": 1.0, "a": "\u00fc"}', '$.a[*] ? (@ > 1)', '<a b="c">d &amp; e</a>', b'1010', b'110', '192.168.0.1/24', '10.0.0.0/8', '08:00:2b:01:02:03', '08:00:2b:01:02:03:04:05',
 '(1.5,-2)', '{1,2,3}', '[(0,0),(1,1)]', '((1,1),(0,0))', '((0,0),(1,1),(2,0))', '((0,0),(1,1),(2,0))', '<(1,1),2.5>', 'a:1A fat:2B,4C', 'fat & (rat | cat)', '16/B374D848', 4294967295, '4294967295',
 '[1,10)', '[2020-01-01 00:00:00+00,)', '(,5.5]', 'empty');
insert into built_in (id, f4, f8, n, d, ts, iv, t, by, c) values (2, 'NaN', '-Infinity', 'NaN', 'infinity', '294276-12-31 23:59:59.999999', '-1 day -02:03:04', '', '', '');
insert into built_in (id) values (3);
insert into built_in (id, f4, f8, n) values (4, 0.1, 0.1, 1.10), (5, '-0', '-0', 0.00), (6, 3.4028235e38, 1.7976931348623157e308, -0.0000001);
update built_in set f8 = f8, n = n + 1, t = t || '!', iv = iv * 2, jb = jb || '{"c": null}' where id <= 2;
update built_in set b = null where id = 1;
delete from built_in where id = 3;
insert into multi values (1, '{[1,3),[7,9)}', '{}'), (2, null, null);
update multi set imr = imr + '{[20,30)}' where id = 1;
insert into arrays values (1, '{1,NULL,3}', '{"a,b","c\"d",NULL,"NULL",""}', '{{a,b},{c,d}}', '{1.0,NaN}', '{"\\x00","\\xff"}', '{"{\"a\": 1}"}', '{infinity,2020-01-01}', '[5:7]={1,2,3}'), (2, '{}', null, '{}', null, null, null, null, null);
update arrays set ia = ia || 4, ta = array_append(ta, e'\\\n') where id = 1;
insert into user_types values (1, 'ok', '{sad,NULL,"happy ''quoted''"}', '(1,"a ""b"", c")', '{"(1,x)","(,)",NULL}', 5, '{1,2}', 'abc', '[1.5,2.5)'), (2, null, null, null, null, null, null, null, null), (3, 'sad', '{}', row(null, null), '{}', 1, '{}', '', 'empty');
update user_types set m = 'happy ''quoted''', p = row(7, '') where id in (1, 2);
delete from user_types where id = 3;
insert into domain_key values ('a', 1), ('b', 2); update domain_key set v = 3 where k = 'a'; delete from domain_key where k = 'b';
insert into enum_key values ('sad', 1), ('ok', 2); update enum_key set v = 3 where k = 'sad'; delete from enum_key where k = 'ok';
