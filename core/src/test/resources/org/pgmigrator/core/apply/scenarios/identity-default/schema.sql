create table t (id int primary key, v text, n numeric(10,2), at timestamptz);
create table "Quoted ""Name"" of exactly sixty-three bytes, no more, no less..!!!" ("Key Column" int primary key, "select" text);
create table composite (a int, b text, c int, primary key (b, a));
insert into t values (1, 'one', 1.00, '2020-01-01 00:00:00+00'), (2, '', null, 'infinity'), (3, null, 'NaN', '-infinity');
