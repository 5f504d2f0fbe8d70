create table nothing (); alter table nothing replica identity full;
create table emptied (a int, b int); alter table emptied replica identity full;
