create table t (a int not null, b text not null, v text, w text);
create unique index t_key on t (b, a);
alter table t replica identity using index t_key;
