//! Plans as people paste them.

use std::fmt::Write as _;

/// A join whose second side never ran.
pub const NEVER: &str = "\
Nested Loop Left Join  (cost=0.29..1000.44 rows=1 width=40) (actual time=812.010..815.013 rows=0 loops=1)
  Buffers: shared hit=12 read=900
  ->  Seq Scan on orders o  (cost=0.00..992.00 rows=50000 width=20) (actual time=812.005..812.006 rows=0 loops=1)
        Filter: (customer_id = 42)
        Rows Removed by Filter: 1000000
        Buffers: shared hit=12 read=900
  ->  Index Scan using customer_pkey on customer c  (cost=0.29..8.31 rows=1 width=20) (never executed)
        Index Cond: (id = o.customer_id)
Planning Time: 0.210 ms
Execution Time: 815.100 ms
";

/// A sort shared by two processes.
pub const PARALLEL: &str = "\
Limit  (cost=5515.46..5526.96 rows=100 width=104) (actual time=27.490..30.617 rows=100 loops=1)
  ->  Gather Merge  (cost=5515.46..12280.22 rows=58824 width=104) (actual time=27.489..30.607 rows=100 loops=1)
        Workers Planned: 1
        Workers Launched: 1
        ->  Sort  (cost=4515.45..4662.51 rows=58824 width=104) (actual time=24.413..24.418 rows=70 loops=2)
              Sort Key: message.updated DESC
              Sort Method: top-N heapsort  Memory: 52kB
              Worker 0:  Sort Method: top-N heapsort  Memory: 51kB
              ->  Parallel Seq Scan on public.message  (cost=0.00..2267.24 rows=58824 width=104) (actual time=0.007..6.247 rows=50000 loops=2)
Planning Time: 0.153 ms
Execution Time: 30.652 ms
";

/// An Append of so many scans.
pub fn large(scans: u32) -> String {
    let mut plan = format!(
        "Append  (cost=0.00..9000.00 rows=5000 width=8) (actual time=0.010..{scans}.500 rows=5000 loops=1)\n"
    );
    for number in 1..=scans {
        writeln!(
            plan,
            "  ->  Seq Scan on measurements_of_the_year_{number} m_{number}  \
             (cost=0.00..18.00 rows=10 width=8) (actual time=0.010..0.900 rows=10 loops=1)\n        \
             Filter: (taken_at > '2026-01-01 00:00:00+00'::timestamp with time zone)"
        )
        .unwrap();
    }
    writeln!(plan, "Execution Time: {scans}.900 ms").unwrap();
    plan
}
