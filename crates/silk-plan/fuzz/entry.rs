//! What every input is put through: read in every way, measured, judged, shown.

use silk_plan::{JudgeContext, Plan, PlanFormat, findings};

/// Reads the input in every format, and holds what comes out to what must always be true.
pub(crate) fn run(input: &[u8]) {
    let text = String::from_utf8_lossy(input);
    let formats = [
        PlanFormat::PostgresJson,
        PlanFormat::PostgresText,
        PlanFormat::MySqlJson,
        PlanFormat::MySqlTree,
        PlanFormat::SqliteRows,
    ];
    let known = formats.map(|format| Plan::parse(format, &text));
    for plan in known
        .into_iter()
        .chain([Plan::detect_and_parse(&text)])
        .flatten()
    {
        let mut context = JudgeContext::default();
        context.is_top_statement = true;
        for finding in findings::judge(&plan, &context) {
            assert!(
                finding
                    .saves_ms
                    .is_none_or(|ms| ms.is_finite() && ms >= 0.0)
            );
        }
        assert_eq!(plan.nodes().count(), plan.totals.nodes);
        assert_eq!(plan.shape.len(), 16);
        for (at, node) in plan.nodes().enumerate() {
            assert_eq!(node.id, at);
            let derived = &node.derived;
            for number in [
                derived.exclusive_ms,
                derived.inclusive_ms,
                derived.rows,
                derived.estimate_factor,
            ] {
                assert!(number.is_none_or(|number| number.is_finite() && number >= 0.0));
            }
        }
    }
}
