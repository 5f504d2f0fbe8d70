-- The shop's first content; ${size} customers.
INSERT INTO shop.customers (email, home, tags, profile, avatar, balance)
SELECT 'customer' || i || '@example.org',
       ROW('Street ' || i, CASE WHEN i % 5 = 0 THEN NULL ELSE 'Città' END, 'P' || i)::shop.address,
       CASE WHEN i % 3 = 0 THEN ARRAY['vip', NULL, 'a "b", {c}'] ELSE '{}' END,
       jsonb_build_object('number', i, 'nested', jsonb_build_array(i, NULL, i / 3.0)),
       CASE WHEN i % 2 = 0 THEN decode(md5(i::text), 'hex') END,
       i / 7.0
FROM generate_series(1, ${size}) i;

INSERT INTO shop.products (name, price, stock, description, rating, size)
SELECT 'Product ' || i, i / 3.0, 1000000,
       (SELECT string_agg(md5(i || '.' || j), '') FROM generate_series(1, 100) j),
       CASE WHEN i % 50 = 0 THEN 'NaN' ELSE i / 3.0 END,
       CASE WHEN i % 4 > 0 THEN int4range(i, i * 2 + 1) END
FROM generate_series(1, greatest(10, ${size} / 10)) i;

INSERT INTO shop.orders (region, customer_id)
SELECT (ARRAY['europe', 'america', 'asia', 'africa'])[i % 4 + 1], i FROM generate_series(1, ${size}) i;

INSERT INTO shop.order_lines (order_id, line_number, product_id, quantity, price)
SELECT o.id, line, o.id % 10 + 1, line, line * 1.5 FROM shop.orders o, generate_series(1, 3) line;

INSERT INTO shop.coupons SELECT 'COUPON-' || i, make_interval(days => i) FROM generate_series(1, 100) i;

INSERT INTO shop.visits
SELECT CASE WHEN i % 10 > 0 THEN '/page/' || i % 20 END, CASE WHEN i % 7 > 0 THEN i % 5 / 3.0 END, '2026-01-01'
FROM generate_series(1, ${size}) i;

ANALYZE;
