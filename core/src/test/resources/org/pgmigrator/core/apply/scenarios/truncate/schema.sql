create table a (id serial primary key, v text);
create table b (id int primary key, a_id int references a);
create table c (id int primary key);
create table d (id int primary key); create table d_child () inherits (d);
alter table d_child add primary key (id);
create table root (id int primary key) partition by range (id);
create table leaf1 partition of root for values from (0) to (10);
create table leaf2 partition of root for values from (10) to (20);
