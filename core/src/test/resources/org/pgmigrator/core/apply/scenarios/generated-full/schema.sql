create table fullgen (a int, b int generated always as (a + 1) stored);
alter table fullgen replica identity full;
