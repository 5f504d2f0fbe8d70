insert into g (a) select i from generate_series(1, 50) i;
insert into g (id, a) overriding system value values (1000, 5);
update g set a = a + 1 where id % 2 = 0;
update g set other = 77 where id = 3;
delete from g where id = 4;
insert into nonkey_always (id) select i from generate_series(1, 50) i;
update nonkey_always set seq = default where id = 3;
