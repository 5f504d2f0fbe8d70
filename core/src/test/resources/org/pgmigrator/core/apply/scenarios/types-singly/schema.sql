create type mood as enum ('sad', 'it''s ok');
create domain amount as numeric check (value is null or value <> 13);
create table singly (id bigint primary key, b boolean, i2 smallint, i4 int, o oid, f4 real, f8 double precision, n numeric,
    t text, vc varchar(40), c char(5), nm name, j json, jb jsonb, u uuid, by bytea, d date, ts timestamp, tstz timestamptz, m mood, a amount);
create table whole (n numeric, f4 real, f8 double precision, ts timestamp, tstz timestamptz, d date, by bytea, m mood, a amount);
alter table whole replica identity full;
create table numbers (k numeric primary key, v int);
create table moments (k timestamptz primary key, v int);
