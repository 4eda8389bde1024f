//! Difficult trees whose exclusive times were worked out with pencil and paper, node by node in
//! the order printed. Where a figure is a sum, its terms stand as they are printed.

use silk_plan::Plan;

const TREES: [(&str, &[f64]); 19] = [
    // The outer Gather works the InitPlan out before it starts its workers; that one has three
    // processes of its own.
    (
        "lab-16/initplan_gather.json",
        &[
            148.434 - 147.756,
            125.254 - 125.096,
            125.096 - 102.262,
            102.262 - 101.285,
            101.285 - 19.089 - 41.967,
            19.089,
            41.967 - 2.708,
            2.708,
            147.756 - 8.501 - 125.254,
            8.501 - 7.631,
            7.631,
        ],
    ),
    // The value was there after 70.977 ms, within the scan; its workers left when all was done,
    // within the node on which it hangs.
    (
        "lab-10/initplan_gather.txt",
        &[
            84.318 - 74.029 - (79.399 - 70.977),
            79.399 - 79.390,
            79.390 - 59.865,
            59.865 - 58.874,
            58.874 - 2.523 - 27.593,
            2.523,
            27.593 - 12.302,
            12.302,
            74.029 - 70.977,
        ],
    ),
    // The first reader waits for nearly all; the third for the last 0.055 ms.
    (
        "lab-10/cte_two_readers.txt",
        &[
            37.463 - 36.907 - 0.336 - 0.085,
            36.962 - 9.017,
            9.017,
            0.085 - 0.042,
            0.042,
            0.0,
            0.336 - 0.275,
            0.275 - 0.055,
        ],
    ),
    // Three readers, of which the first to ask waits for all; the InitPlan is of the select list.
    (
        "lab-16/cte_two_readers.json",
        &[
            130.442 - 129.678 - 0.379 - 0.115,
            121.626 - 14.309,
            14.309,
            0.115 - 0.070,
            0.070,
            129.678 - 121.626,
            0.379 - 0.315,
            0.315,
        ],
    ),
    // Each part ran in one of three processes.
    (
        "lab-17/parallel_append.json",
        &[
            89.792 - 89.773,
            89.773 - 57.460,
            57.460 - 55.226,
            55.226 - (38.686 + 33.297 + 37.519) / 3.0,
            (38.686 - 26.480) / 3.0,
            26.480 / 3.0,
            (33.297 - 29.497) / 3.0,
            29.497 / 3.0,
            (37.519 - 23.404) / 3.0,
            23.404 / 3.0,
        ],
    ),
    // Two workers launched, and the leader takes no part.
    (
        "lab-16/leader_off.json",
        &[63.103 - 63.086, 63.086 - 47.367, 47.367 - 42.465, 42.465],
    ),
    // One worker launched, and it does all.
    (
        "lab-17/single_copy.json",
        &[61.432 - 47.356, 47.356 - 19.983, 19.983],
    ),
    // 100,000 lookups of two processes, 2,000 of which went on to the index.
    (
        "lab-17/memoize.json",
        &[
            103.645 - 103.633,
            103.633 - 89.522,
            89.522 - 74.469,
            74.469 - 7.083 - 0.001 * 100_000.0 / 2.0,
            7.083,
            0.001 * 100_000.0 / 2.0 - 0.008 * 2_000.0 / 2.0,
            0.008 * 2_000.0 / 2.0,
        ],
    ),
    // The bitmap is made by one process while two wait.
    (
        "postgres-15/parallel_bitmap.txt",
        &[
            12.937 - 12.928,
            12.928 - 8.042,
            8.042 - 6.226,
            // One of three builds the bitmap, and two wait for it.
            6.226 - 1.044,
            1.044,
        ],
    ),
    // Two CTEs of one name, each read where it is nearer.
    (
        "postgres-15/cte_shadow.txt",
        &[
            9.926 - 9.461 - 0.250,
            8.203,
            0.250 - 0.207,
            0.061,
            0.207 - 0.061,
            9.461 - 8.203,
        ],
    ),
    // An InitPlan within a CTE within two InitPlans.
    (
        "postgres-15/initplan_shared.txt",
        &[
            15.836 - 7.784 - 0.001,
            7.784 - 7.781,
            7.781 - 4.255,
            4.255,
            0.001,
            // It gave all of its 7.784 to the CTE.
            0.0,
        ],
    ),
    // Nobody reads it: 4.208 ms are outside.
    (
        "postgres-15/modifying_cte.txt",
        &[0.002, 4.208 - 0.331, 0.331],
    ),
    // A thousand times the same list.
    (
        "lab-17/not_in_plain.json",
        &[
            4984.714 - 4974.943,
            4974.943 - 3.094 * 1_000.0,
            3.094 * 1_000.0 - 12.115,
            12.115,
        ],
    ),
    // It hangs on the Delete and is asked for by the one-time filter below.
    (
        "lab-16/delete_fk_indexed.json",
        &[
            44.145 - 43.966,
            43.929 - 43.921,
            43.921,
            43.966 - 0.022 - 43.929,
            0.022,
        ],
    ),
    // It hangs on the Sort and is asked for by the scan two levels down.
    (
        "lab-16/initplan_deep.json",
        &[
            104.117 - 104.032,
            61.643 - 56.787,
            56.787,
            104.032 - 89.630,
            89.630 - 61.643,
        ],
    ),
    // What is written is read as it is written.
    (
        "lab-16/modifying_cte_read.json",
        &[
            144.025 - 143.874,
            143.595 - 17.193,
            17.193 - 0.238,
            0.238,
            143.874 - 143.595,
        ],
    ),
    // A hashed subquery belongs to the scan that asks it.
    (
        "lab-15/exists_heavy.json",
        &[112.365 - 109.969, 109.969 - 23.020, 23.020],
    ),
    // Sixty loops of a scan that has a part of its own.
    (
        "lab-17/nested_loop_few.json",
        &[
            182.337 - 179.673,
            179.673 - 0.109 - 2.686 * 60.0,
            0.109,
            (2.686 - 0.588) * 60.0,
            0.588 * 60.0,
        ],
    ),
    // MariaDB: own times of tables and of the join, the rest is the block's.
    (
        "mariadb-10.11/block_join.analyze.json",
        &[
            47.072_711_31
                - (0.009_285_268 + 0.006_600_241)
                - (1.510_993_612 + 0.371_425_32)
                - (21.526_672_24 + 23.645_256_56),
            0.0,
            0.009_285_268 + 0.006_600_241,
            21.526_672_24 + 23.645_256_56,
            1.510_993_612 + 0.371_425_32,
        ],
    ),
];

#[test]
fn exclusive_times_are_those_worked_out_by_hand() {
    for (file, wanted) in TREES {
        let plan = Plan::detect_and_parse(plan_corpus::plan(file)).unwrap();
        assert_eq!(plan.nodes().count(), wanted.len(), "{file}");
        for (node, wanted) in plan.nodes().zip(wanted) {
            let got = node.derived.exclusive_ms.unwrap();
            assert!(
                (got - wanted).abs() < 1e-6,
                "{file}: {got} of {} {} is not {wanted}",
                node.id,
                node.title()
            );
        }
    }
}
