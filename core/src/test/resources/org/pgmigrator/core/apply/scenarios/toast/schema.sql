create table t (id int primary key, big text, small int, big2 bytea);
alter table t alter big set storage external; alter table t alter big2 set storage external;
create table toastkey (k text not null, v text, n int);
create unique index toastkey_k on toastkey (md5(k));
create table toastedkey (k text not null primary key, v text, n int);
alter table toastedkey alter k set storage external;
create table fulltoast (a int, big text, n int);
alter table fulltoast alter big set storage external; alter table fulltoast replica identity full;
alter table toastkey replica identity full;
