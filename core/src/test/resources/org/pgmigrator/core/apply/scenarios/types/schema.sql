create schema "My Types";
create type "My Types".mood as enum ('sad', 'ok', 'happy ''quoted''');
create type "My Types".pair as (a int, b text);
create domain "My Types".positive as int check (value > 0);
create domain shortname as varchar(5);
create type floatrange as range (subtype = float8);
create table built_in (
    id bigint primary key, b boolean, i2 smallint, i4 int, f4 real, f8 double precision, n numeric, np numeric(8, 3), m money,
    c char(5), vc varchar(10), t text, nm name, ch "char", by bytea, d date, ti time(3), tz timetz, ts timestamp, tstz timestamptz, iv interval,
    u uuid, j json, jb jsonb, jp jsonpath, x xml, bt bit(4), vb varbit, ip inet, ci cidr, ma macaddr, ma8 macaddr8,
    po point, li line, ls lseg, bo box, pa path, pg polygon, ci2 circle, tsv tsvector, tsq tsquery, lsn pg_lsn, o oid, xi xid,
    ir int4range, tr tstzrange, nr numrange, dr daterange);
create table multi (id int primary key, imr int4multirange, dmr datemultirange);
create table arrays (id int primary key, ia int[], ta text[], ta2 text[][], na numeric[], ba bytea[], ja jsonb[], tsa timestamptz[], lb int[]);
create table user_types (id int primary key, m "My Types".mood, ma "My Types".mood[], p "My Types".pair, pa "My Types".pair[], d "My Types".positive, da "My Types".positive[], s shortname, r floatrange);
create table domain_key (k shortname primary key, v int);
create table enum_key (k "My Types".mood primary key, v int);
