insert into a (v) values ('x'), ('y'); insert into b values (1, 1), (2, 2); insert into c values (1);
insert into d values (1); insert into d_child values (2);
insert into root values (1), (11);
truncate a restart identity cascade;
insert into a (v) values ('again');
truncate c; insert into c values (2), (3);
truncate only d;
begin; truncate c, d; insert into c values (9); commit;
truncate root; insert into root values (12);
