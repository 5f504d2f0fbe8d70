create table p (id int, region text, v text, primary key (id, region)) partition by list (region);
create table p_eu partition of p for values in ('eu');
create table p_us partition of p for values in ('us') partition by range (id);
create table p_us_low partition of p_us for values from (0) to (100);
create table p_us_high partition of p_us for values from (100) to (1000000);
create table parent (id int primary key, v text);
create table child (extra int, primary key (id)) inherits (parent);
