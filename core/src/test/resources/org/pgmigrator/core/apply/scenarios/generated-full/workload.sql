insert into fullgen (a) values (1), (1), (null);
update fullgen set a = 5 where ctid = (select min(ctid) from fullgen);
delete from fullgen where a is null;
