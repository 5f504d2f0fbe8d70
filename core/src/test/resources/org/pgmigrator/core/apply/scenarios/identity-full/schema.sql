create table nokey (a int, b text, c numeric, d float8, j json, p point, x xml, ch char(8), bits bit varying);
alter table nokey replica identity full;
create table withpk (id int primary key, v text);
alter table withpk replica identity full;
create table indexed (a int, b text, c text);
create index on indexed (b, a);
alter table indexed replica identity full;
create table onecolumn (v text);
alter table onecolumn replica identity full;
