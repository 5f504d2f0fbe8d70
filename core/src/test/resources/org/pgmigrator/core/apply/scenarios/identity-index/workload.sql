insert into t select i, 'b' || i, 'v', null from generate_series(1, 100) i;
update t set v = null, w = 'changed' where a % 2 = 0;
update t set b = 'other' where a = 3;
delete from t where a % 10 = 0;
