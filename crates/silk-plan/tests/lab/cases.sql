-- Statements whose plans are measured. `since:` is the first version that has one of them, `set:`
-- what is set for it, where the server has such a setting. Before 12, `AS MATERIALIZED` is `AS`.
-- Each runs in a transaction that is rolled back.

-- name: pk_lookup
SELECT * FROM message WHERE id = 4711;
-- name: seq_scan_count
SELECT count(*) FROM message WHERE NOT deleted;
-- name: seq_scan_filter
SELECT * FROM message WHERE author_id = 7;
-- name: seq_scan_flag
SELECT * FROM message WHERE deleted ORDER BY updated DESC;
-- name: seq_scan_prefers
-- set: enable_indexscan = off, enable_bitmapscan = off
SELECT * FROM message WHERE k1 = 5;
-- name: seq_scan_small
SELECT * FROM author WHERE email = 'author7@example.org';
-- name: seq_scan_stopped
SELECT * FROM message WHERE author_id = 7 LIMIT 1;
-- name: seq_scan_half
SELECT * FROM message WHERE score < 50 AND author_id > 0;
-- name: index_scan_filter
-- set: enable_seqscan = off, enable_bitmapscan = off
SELECT * FROM message WHERE status = 'flagged' AND author_id = 7;
-- name: index_scan_filter_half
-- set: enable_seqscan = off, enable_bitmapscan = off
SELECT * FROM message WHERE status = 'flagged' AND author_id <= 500;
-- name: bitmap_filter
-- set: enable_seqscan = off, enable_indexscan = off
SELECT * FROM message WHERE status = 'flagged' AND author_id = 7;
-- name: index_only
SELECT count(*) FROM message WHERE created >= '2024-06-01';
-- name: index_only_heap
-- set: enable_seqscan = off, enable_bitmapscan = off
SELECT a FROM fresh WHERE a >= 100;
-- name: index_only_heap_few
-- set: enable_seqscan = off, enable_bitmapscan = off
SELECT a FROM fresh WHERE a = 7;
-- name: bitmap
-- set: enable_seqscan = off, enable_indexscan = off
SELECT * FROM message WHERE k1 = 5;
-- name: bitmap_lossy
-- set: enable_seqscan = off, enable_indexscan = off, work_mem = '64kB'
SELECT * FROM message WHERE k1 < 20;
-- name: bitmap_or
-- set: enable_seqscan = off
SELECT * FROM message WHERE k1 = 5 OR note = 'note 7';
-- name: top_n
SELECT * FROM message ORDER BY body LIMIT 100;
-- name: top_n_parallel
-- set: parallel_setup_cost = 0, parallel_tuple_cost = 0, min_parallel_table_scan_size = 0, max_parallel_workers_per_gather = 2
SELECT * FROM message ORDER BY body LIMIT 100;
-- name: sort_memory
-- set: work_mem = '64MB'
SELECT * FROM message ORDER BY body;
-- name: sort_disk
-- set: work_mem = '64kB'
SELECT * FROM message ORDER BY body;
-- name: sort_disk_worker
-- set: work_mem = '64kB', parallel_setup_cost = 0, parallel_tuple_cost = 0, min_parallel_table_scan_size = 0, max_parallel_workers_per_gather = 2
SELECT id, body FROM message ORDER BY body;
-- name: incremental_sort
-- set: enable_seqscan = off
SELECT * FROM message ORDER BY k1, body LIMIT 2000;
-- name: hash_join
SELECT m.id, a.name FROM message m JOIN author a ON a.id = m.author_id;
-- name: hash_batches
-- set: work_mem = '64kB'
SELECT count(*) FROM left_append l JOIN right_append r ON r.id = l.id;
-- name: hashagg_disk
-- set: work_mem = '64kB', enable_sort = off
SELECT body, count(*) FROM message GROUP BY body;
-- name: hashagg_memory
-- set: work_mem = '64MB'
SELECT author_id, count(*) FROM message GROUP BY author_id;
-- name: group_sorted
-- set: enable_hashagg = off
SELECT k1, max(body) FROM message GROUP BY k1;
-- name: grouping_sets
SELECT status, deleted, count(*) FROM message GROUP BY GROUPING SETS ((status), (deleted), ());
-- name: distinct
SELECT DISTINCT status FROM message;
-- name: merge_join
-- set: enable_hashjoin = off, enable_nestloop = off
SELECT count(*) FROM message m JOIN author a ON a.id = m.author_id;
-- name: full_join
SELECT count(*) FROM left_append l FULL JOIN author a ON a.id = l.id;
-- name: semi
SELECT count(*) FROM author a WHERE EXISTS (SELECT FROM message m WHERE m.author_id = a.id AND m.deleted);
-- name: anti
SELECT count(*) FROM author a WHERE NOT EXISTS (SELECT FROM message m WHERE m.author_id = a.id AND m.k1 = 5);
-- name: nested_loop
-- set: enable_hashjoin = off, enable_mergejoin = off, enable_memoize = off
SELECT a.id, m.body FROM author a JOIN message m ON m.k1 = a.id % 100 + 0 WHERE a.id <= 1000 AND m.score < 3;
-- name: nested_loop_pk
-- set: enable_hashjoin = off, enable_mergejoin = off, enable_memoize = off
SELECT count(*) FROM left_append l JOIN message m ON m.id = l.id;
-- name: nested_loop_few
-- set: enable_hashjoin = off, enable_mergejoin = off, enable_memoize = off
SELECT count(m.body) FROM author a JOIN message m ON m.k1 = a.id WHERE a.id <= 60;
-- name: memoize
-- set: enable_hashjoin = off, enable_mergejoin = off
SELECT count(a.name) FROM message m JOIN author a ON a.id = m.author_id;
-- name: memoize_thrash
-- set: enable_hashjoin = off, enable_mergejoin = off, max_parallel_workers_per_gather = 0, work_mem = '64kB', hash_mem_multiplier = 1
SELECT count(f.pad) FROM shuffled m JOIN looked_up f ON f.id = m.key;
-- name: misestimate
-- set: max_parallel_workers_per_gather = 0
SELECT m.* FROM message m WHERE m.k1 % 10 = m.k2 % 10 ORDER BY m.body;
-- name: misestimate_small
SELECT m.* FROM message m WHERE m.id < 400 AND m.k1 = 5 AND m.k2 = 5 ORDER BY m.body;
-- name: misestimate_function
SELECT count(*) FROM (SELECT i FROM generate_series(1, 40000) i ORDER BY i % 7) g;
-- name: offset_deep
SELECT * FROM message ORDER BY id LIMIT 20 OFFSET 60000;
-- name: offset_none
-- set: enable_seqscan = off
SELECT * FROM message WHERE k2 >= 0 ORDER BY id LIMIT 50000;
-- name: offset_shallow
SELECT * FROM message ORDER BY body LIMIT 200 OFFSET 400;
-- name: offset_parallel
-- set: parallel_setup_cost = 0, parallel_tuple_cost = 0, min_parallel_table_scan_size = 0, max_parallel_workers_per_gather = 2, work_mem = '64MB'
SELECT id FROM message ORDER BY body LIMIT 20 OFFSET 30000;
-- name: sum_all
SELECT sum(score) FROM message;
-- name: count_parallel
-- set: parallel_setup_cost = 0, parallel_tuple_cost = 0, min_parallel_table_scan_size = 0, max_parallel_workers_per_gather = 2
SELECT count(*) FROM message;
-- name: count_few
SELECT count(*) FROM message WHERE author_id = 7;
-- name: subplan
-- set: enable_hashagg = on
SELECT a.id, (SELECT count(*) FROM fresh f WHERE f.a % 1000 = a.id) FROM author a WHERE a.id <= 120;
-- name: subplan_index
SELECT f.id, (SELECT m.status FROM message m WHERE m.id = f.id) FROM fresh f WHERE f.id <= 90;
-- name: subplan_quick
SELECT count(*) FROM (SELECT l.id, l.pad, md5(repeat(l.pad, 20)) AS h, CASE WHEN l.id % 300 = 0 THEN (SELECT a.name FROM author a WHERE a.id = l.id / 300) END AS n FROM left_append l OFFSET 0) x WHERE x.h <> '' AND x.n IS DISTINCT FROM 'x';
-- name: not_in_hashed
SELECT count(*) FROM message WHERE author_id NOT IN (SELECT id FROM author WHERE country = 'C3');
-- name: not_in_plain
-- set: work_mem = '64kB'
SELECT count(*) FROM author a WHERE a.id NOT IN (SELECT l.id + 500000 FROM left_append l WHERE l.id <= 20000);
-- name: cte_two_readers
WITH c AS MATERIALIZED (SELECT author_id, count(*) AS n, max(body) AS m FROM message GROUP BY author_id)
SELECT (SELECT max(n) FROM c) AS most, x.author_id FROM c x JOIN c y ON y.author_id = x.author_id AND y.n > 5;
-- name: cte_partial
WITH c AS MATERIALIZED (SELECT * FROM message) SELECT * FROM c LIMIT 5;
-- name: cte_fence
WITH c AS MATERIALIZED (SELECT * FROM message) SELECT * FROM c WHERE id = 4711;
-- name: cte_twice
WITH c AS MATERIALIZED (SELECT id, k1 FROM message) SELECT count(*) FROM c x JOIN c y ON y.id = x.k1 WHERE x.id = 4711 AND y.k1 >= 0;
-- name: cte_volatile
WITH c AS MATERIALIZED (SELECT id, random() AS r FROM message) SELECT * FROM c WHERE id = 4711;
-- name: cte_spills
-- set: work_mem = '64kB'
WITH c AS MATERIALIZED (SELECT * FROM message) SELECT count(*), max(body) FROM c;
-- name: cte_chained
WITH a AS MATERIALIZED (SELECT * FROM author), b AS MATERIALIZED (SELECT * FROM a WHERE id > 10) SELECT count(*) FROM b JOIN a ON a.id = b.id;
-- name: recursive
WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r WHERE n < 3000) SELECT count(*) FROM r;
-- name: modifying_cte
WITH u AS (UPDATE message SET body = body || '.' WHERE k1 = 3 RETURNING id) SELECT 1;
-- name: modifying_cte_read
WITH u AS (UPDATE message SET body = body || '.' WHERE k1 = 3 RETURNING id) SELECT count(*) FROM u;
-- name: initplan
SELECT count(*) FROM message WHERE score > (SELECT avg(score) FROM message);
-- name: initplan_deep
-- set: enable_bitmapscan = off, enable_indexscan = off, max_parallel_workers_per_gather = 0
SELECT DISTINCT author_id FROM message WHERE score > (SELECT avg(score) FROM message WHERE body > 'a') ORDER BY author_id;
-- name: initplan_gather
-- set: parallel_setup_cost = 0, parallel_tuple_cost = 0, min_parallel_table_scan_size = 0, max_parallel_workers_per_gather = 2
SELECT count(*) FROM message WHERE score > (SELECT avg(score) FROM left_append l JOIN message m ON m.id = l.id);
-- name: initplan_exists
SELECT count(*) FROM author WHERE EXISTS (SELECT FROM message WHERE k1 >= 0);
-- name: parallel_count
-- set: parallel_setup_cost = 0, parallel_tuple_cost = 0, min_parallel_table_scan_size = 0, max_parallel_workers_per_gather = 2
SELECT count(*) FROM message WHERE body LIKE '%zzz%' OR score > 10;
-- name: leader_off
-- since: 11
-- set: parallel_setup_cost = 0, parallel_tuple_cost = 0, min_parallel_table_scan_size = 0, max_parallel_workers_per_gather = 2, parallel_leader_participation = off
SELECT count(*) FROM message WHERE body LIKE '%zzz%' OR score > 10;
-- name: none_launched
-- set: parallel_setup_cost = 0, parallel_tuple_cost = 0, min_parallel_table_scan_size = 0, max_parallel_workers_per_gather = 2, max_parallel_workers = 0
SELECT count(*) FROM message WHERE score > 10;
-- name: parallel_append
-- set: parallel_setup_cost = 0, parallel_tuple_cost = 0, min_parallel_table_scan_size = '1GB', max_parallel_workers_per_gather = 2, enable_parallel_append = on
SELECT count(*) FROM (SELECT id FROM left_append WHERE pad > 'a' UNION ALL SELECT id FROM right_append WHERE pad > 'a' UNION ALL SELECT id FROM last_append WHERE pad > 'a') u WHERE id > 3;
-- name: parallel_hash
-- set: parallel_setup_cost = 0, parallel_tuple_cost = 0, min_parallel_table_scan_size = 0, max_parallel_workers_per_gather = 2
SELECT count(*) FROM left_append l JOIN right_append r ON r.id = l.id;
-- name: parallel_bitmap
-- set: parallel_setup_cost = 0, parallel_tuple_cost = 0, min_parallel_table_scan_size = 0, max_parallel_workers_per_gather = 2, enable_seqscan = off, enable_indexscan = off
SELECT count(*) FROM message WHERE k1 < 30 AND score > 10;
-- name: single_copy
-- set: force_parallel = on, max_parallel_workers_per_gather = 2
SELECT count(*), max(body) FROM message;
-- name: jit
-- set: jit = on, jit_above_cost = 0, jit_inline_above_cost = 0, jit_optimize_above_cost = 0, max_parallel_workers_per_gather = 0
SELECT count(*) FROM author a JOIN author b ON a.id = b.id WHERE a.name > 'A' AND b.email LIKE '%9%' AND a.country || b.country > 'C';
-- name: jit_cheap
-- set: jit = on, jit_above_cost = 0, jit_inline_above_cost = -1, jit_optimize_above_cost = -1, max_parallel_workers_per_gather = 0
SELECT k2, max(body), min(body), count(*) FROM message GROUP BY k2;
-- name: limit_wrong_index
-- set: enable_sort = off, max_parallel_workers_per_gather = 0
SELECT * FROM message WHERE meta @> '{"k": 999}' AND id > 50000 ORDER BY updated LIMIT 50;
-- name: limit_right_index
-- set: enable_sort = off, max_parallel_workers_per_gather = 0
SELECT * FROM message WHERE status = 'read' ORDER BY updated LIMIT 20000;
-- name: covering
-- set: enable_seqscan = off, enable_bitmapscan = off
SELECT k1, k2 FROM message WHERE k1 < 20;
-- name: covering_wide
-- set: enable_seqscan = off, enable_bitmapscan = off
SELECT k1, body FROM message WHERE k1 < 20;
-- name: planning
-- set: geqo = off, join_collapse_limit = 12, from_collapse_limit = 12
SELECT count(*) FROM star_1 a JOIN star_2 b ON b.id = a.next JOIN star_3 c ON c.id = b.next JOIN star_4 d ON d.id = c.next JOIN star_5 e ON e.id = d.next JOIN star_6 f ON f.id = e.next JOIN star_7 g ON g.id = f.next JOIN star_8 h ON h.id = g.next JOIN star_9 i ON i.id = h.next JOIN star_1 j ON j.id = i.next JOIN star_2 k ON k.id = j.next JOIN star_3 l ON l.id = k.next WHERE a.id = 5;
-- name: insert
INSERT INTO left_append SELECT i, 'x' FROM generate_series(1, 2000) i;
-- name: insert_triggers
INSERT INTO noted SELECT generate_series(1, 5);
-- name: delete_fk
DELETE FROM parent WHERE id <= 60;
-- name: delete_fk_indexed
DELETE FROM keeper WHERE id <= 8 AND (SELECT count(*) FROM message WHERE body > 'x') >= 0;
-- name: update
UPDATE message SET body = upper(body) WHERE k1 = 8;
-- name: merge
-- since: 15
MERGE INTO left_append l USING (SELECT i FROM generate_series(1, 20) i) s ON l.id = s.i WHEN MATCHED THEN UPDATE SET pad = 'm' WHEN NOT MATCHED THEN INSERT VALUES (s.i, 'n');
-- name: lock_rows
SELECT * FROM message WHERE k1 = 9 FOR UPDATE;
-- name: like_wildcard
SELECT * FROM message WHERE body LIKE '%00ff00%';
-- name: ilike
SELECT * FROM message WHERE body ILIKE '00ff0%';
-- name: not_like
SELECT * FROM message WHERE body NOT LIKE '%a%';
-- name: like_prefix
SELECT * FROM message WHERE body LIKE '00ff0%';
-- name: function_on_column
SELECT * FROM message WHERE lower(note) = 'note 7';
-- name: date_trunc_on_column
SELECT * FROM message WHERE date_trunc('day', created) = '2024-03-01';
-- name: arrow_on_column
SELECT * FROM message WHERE meta ->> 'k' = '7';
-- name: function_on_value
SELECT * FROM message WHERE body = lower('ABC');
-- name: volatile_filter
SELECT * FROM message WHERE random() < 0.0005;
-- name: not_equal
SELECT * FROM message WHERE deleted <> false AND body <> 'x';
-- name: cast_numeric
SELECT * FROM message WHERE k1 = 5.0::numeric;
-- name: cast_date
SELECT * FROM message WHERE created::date = '2024-03-01';
-- name: cast_varchar
-- set: enable_indexscan = off, enable_bitmapscan = off
SELECT * FROM message WHERE note = 'note 7';
-- name: cast_text
SELECT * FROM message WHERE id::text = '4711';
-- name: or_filter
-- set: enable_bitmapscan = off
SELECT * FROM message WHERE k1 = 5 OR note = 'note 7';
-- name: or_one_column
-- set: enable_bitmapscan = off
SELECT * FROM message WHERE author_id = 5 OR author_id = 6;
-- name: or_join
SELECT count(*) FROM author a JOIN author b ON a.id = b.id + 1 OR a.email = b.name;
-- name: join_filter
SELECT count(*) FROM author a JOIN author b ON a.id * 2 < b.id AND a.country > b.country;
-- name: cartesian
SELECT count(*) FROM author a, author b;
-- name: cartesian_one
SELECT count(*) FROM author a, left_append l WHERE a.id = 5;
-- name: materialize_spills
-- set: work_mem = '64kB', enable_hashjoin = off, enable_mergejoin = off, enable_indexscan = off, enable_bitmapscan = off, enable_indexonlyscan = off
SELECT count(*) FROM (SELECT id FROM author WHERE id <= 3) a JOIN left_append l ON l.id % 5 = a.id;
-- name: window
SELECT id, row_number() OVER (PARTITION BY author_id ORDER BY created) FROM message;
-- name: window_frame
-- set: work_mem = '64kB'
SELECT id, count(*) OVER (), max(body) OVER () FROM message;
-- name: hollow
SELECT * FROM hollow;
-- name: pages_rightly
SELECT id, body FROM message;
-- name: partition_all
SELECT * FROM event WHERE date_trunc('day', at) = '2024-03-05';
-- name: partition_pruned
SELECT * FROM event WHERE at = '2024-03-05' AND kind >= 0;
-- name: partition_kind
SELECT * FROM event WHERE kind < 25;
-- name: skip_scan
-- set: enable_seqscan = off, enable_bitmapscan = off
SELECT * FROM skipped WHERE second < 90000 AND second > 88000;
-- name: skip_scan_list
-- set: enable_seqscan = off, enable_bitmapscan = off
SELECT s.*, (SELECT count(*) FROM message WHERE body > 'x') FROM skipped s WHERE first IN (1, 20, 41, 62, 83, 104, 125, 146, 167, 188, 209, 230) AND second > 5;
-- name: setop
SELECT id FROM author EXCEPT SELECT author_id FROM message WHERE k1 = 5;
-- name: lateral
SELECT a.id, m.body FROM author a CROSS JOIN LATERAL (SELECT body FROM message m WHERE m.k1 = a.id % 100 ORDER BY m.id DESC LIMIT 3) m WHERE a.id <= 40;
-- name: function_scan
SELECT * FROM generate_series(1, 1000) i WHERE i % 10 = 0;
-- name: values
SELECT v.n, a.name FROM (VALUES (1), (2), (3)) v(n) JOIN author a ON a.id = v.n;
-- name: subplan_memoize
SELECT f.id, (SELECT count(b.body) FROM author a JOIN message b ON b.id = a.id * 3 WHERE a.country = 'C' || f.a % 20) FROM fresh f WHERE f.id <= 150;
-- name: or_tiny
SELECT m.id FROM (SELECT id FROM message WHERE body > 'a' ORDER BY body LIMIT 30) m JOIN author a ON a.id = m.id OR a.email = m.id::text;
-- name: scan_repeated
-- set: enable_hashjoin = off, enable_mergejoin = off, enable_material = off, enable_indexscan = off, enable_bitmapscan = off, enable_memoize = off
SELECT count(*) FROM left_append l, (SELECT * FROM author WHERE id <= 12 ) a WHERE lower(l.pad) LIKE '%' || a.name || '%';
-- name: exists_heavy
SELECT count(*) FROM message m WHERE EXISTS (SELECT FROM left_append l WHERE l.id = m.id) OR m.body > 'f';
-- name: append_count
SELECT count(*) FROM (SELECT id FROM left_append UNION ALL SELECT id FROM right_append) u;
-- name: keyset
SELECT * FROM message WHERE id > 60000 ORDER BY id LIMIT 20;
-- name: planning_not
SELECT count(*) FROM star_1 a JOIN star_2 b ON b.id = a.next, message m WHERE m.body > 'x';
-- name: lock_heavy
SELECT * FROM message WHERE body > 'f' FOR UPDATE;
-- name: result
SELECT 1;
-- name: one_time_false
SELECT * FROM message WHERE false;
-- name: never_executed
SELECT * FROM author a JOIN message m ON m.author_id = a.id WHERE a.name = 'nobody';
-- name: quoted
SELECT "on using" FROM "Odd Name" WHERE "Id" = 7 AND "on using" <> 'it''s';
-- name: sample
SELECT count(*) FROM message TABLESAMPLE BERNOULLI (10) REPEATABLE (42) WHERE NOT deleted;
-- name: tid
SELECT * FROM message WHERE ctid = '(0,1)';
