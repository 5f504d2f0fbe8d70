insert into nothing default values; insert into nothing default values; insert into nothing default values;
delete from nothing where ctid = (select min(ctid) from nothing);
insert into emptied values (1, 2), (1, 2), (3, null);
delete from emptied where ctid = (select min(ctid) from emptied);
