begin; insert into t values (1, 'a'); savepoint s; insert into t values (2, 'gone'); rollback to s; insert into t values (2, 'kept'); savepoint s2; update t set v = 'x' where id = 1; release s2; commit;
begin; insert into t values (3, 'rolled back'); rollback;
begin; insert into t select i, 'b' from generate_series(100, 2000) i; savepoint s; delete from t where id > 500; rollback to s; delete from t where id > 1500; commit;
