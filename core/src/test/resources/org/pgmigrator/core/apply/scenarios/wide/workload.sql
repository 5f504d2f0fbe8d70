insert into t values (1, 'x', 'y'), (2, repeat('ab\', 200000), decode(repeat('00ff', 200000), 'hex'));
update t set v = repeat('tab	and \ and
newline ', 30000), b = decode(repeat('5c27', 300000), 'hex') where id = 1;
update t set v = null where id = 2;
update t set v = repeat('q''', 300000) where id = 2;
insert into f values (1, repeat('x', 400000), '{"a": 1}', '<a/>'), (1, repeat('x', 400000), '{"a": 1}', '<a/>'), (2, repeat('x', 400000), null, null);
update f set a = 3 where ctid = (select min(ctid) from f);
delete from f where a = 2;
insert into w values (1), (2);
update w set c = row(1, repeat('c', 300000))::wide_pair, arr = array[repeat('q"', 150000), null, ''], by = '\x00', jb = '{"k": [1]}', xm = '<a>x</a>', vc = 'v', ch = 'ab' where id = 1;
delete from w where id = 2;
