create table t (id int primary key, v text, b bytea);
create table f (a int, v text, j jsonb, x xml); alter table f replica identity full;
create type wide_pair as (a int, b text);
create table w (id int primary key, c wide_pair, arr text[], by bytea, jb jsonb, xm xml, vc varchar, ch char(5));
