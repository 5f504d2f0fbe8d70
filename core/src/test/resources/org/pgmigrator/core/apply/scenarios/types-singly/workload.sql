insert into singly values
 (1, true, -32768, 2147483647, 4294967295, 1.17549435e-38, 2.2250738585072014e-308, 123456789012345678901234567890.123456789000, 'it''s \ text' || chr(10) || chr(8364), 'vc', 'ab', 'a_name',
  '{"a": [1, 2.50, null], "a": "dup''"}', '{"b": 1.0, "a": "\u00fc"}', 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11', '\x00ff5c27', '4713-01-01 BC', '4713-01-01 00:00:00 BC', '0001-12-31 23:59:59.999999+00 BC', 'it''s ok', 1.50),
 (2, false, 32767, -2147483648, 0, 'NaN', '-Infinity', 'NaN', '', '', '', '', 'null', 'null', '00000000-0000-0000-0000-000000000000', '', 'infinity', '-infinity', 'infinity', 'sad', 'Infinity'),
 (3, null, null, null, null, null, null, null, null, null, null, null, null, null, null, null, null, null, null, null, null),
 (4, null, 0, 0, 1, 0.1, 0.1, 1.10, null, null, null, null, null, null, null, null, '5874897-12-31', '294276-12-31 23:59:59.999999', '294276-12-31 23:59:59.999999+00', null, -0.00),
 (5, null, 0, 0, 1, '-0', '-0', 0.000, null, null, null, null, null, null, null, null, '-infinity', '2000-01-01', '1999-12-31 23:59:59.999999+00', null, '-Infinity'),
 (6, null, 0, 0, 1, 3.4028235e38, 1.7976931348623157e308, -1e-20, null, null, null, null, null, null, null, null, '0001-01-01', '1582-10-10 12:00', '1900-02-28 00:00:00.1+00', null, 1e300),
 (7, null, 0, 0, 1, 16777216, 1e15, 10000, null, null, null, null, null, null, null, null, '2024-02-29', '12024-02-29', '2024-02-29 00:00:00.000001+00', null, 100000000.0000);
update singly set n = n * 1.000, f8 = -f8, f4 = -f4, t = t || '''' , a = a where id <= 7;
update singly set ts = tstz at time zone 'utc', jb = '["x"]', by = '\xdeadbeef' where id in (1, 4, 6);
insert into whole select n, f4, f8, ts, tstz, d, by, m, a from singly;
insert into whole select n, f4, f8, ts, tstz, d, by, m, a from singly where id < 3;
delete from whole where ctid = (select min(ctid) from whole where n = 'NaN');
update whole set m = 'sad' where n is null;
delete from singly where id in (2, 5);
insert into numbers values (1.0, 1), (0.10, 2), (-1e-20, 3), (12345678901234567890.5, 4), (0, 5);
update numbers set v = v + 1; update numbers set k = k * 10; delete from numbers where k in (0, 1);
insert into moments values ('infinity', 1), ('-infinity', 2), ('0044-03-15 12:00+00 BC', 3), ('2024-02-29 23:59:59.5+14', 4);
update moments set v = v + 1; delete from moments where v > 4;
