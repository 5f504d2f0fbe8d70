insert into t select i, md5(i::text), e'tab\there\\' from generate_series(1, 30000) i;
update t set w = null where id % 7 = 0;
delete from t where id % 11 = 0;
insert into t select i, repeat('ü€😀', 20), '' from generate_series(100000, 100050) i;
