create extension if not exists citext; create extension if not exists hstore;
create type mood as enum ('sad', 'ok');
create table identifiers (id int primary key, rc regclass, rt regtype, rp regprocedure, rn regnamespace, rca regclass[]);
create table of_extensions (id int primary key, ct citext, h hstore, ha hstore[]);
create table citext_key (k citext primary key, v int);
create table named (id int primary key);
