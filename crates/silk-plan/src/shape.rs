//! The shape of a plan: what stays when numbers change.

use crate::PlanNode;

/// Hash of operators, relations and indexes: 16 hex digits.
pub(crate) fn hash(root: &PlanNode) -> String {
    // FNV-1a: stable over versions and machines, which a stored hash has to be.
    let mut state = 0xcbf2_9ce4_8422_2325_u64;
    let mut feed = |text: &str| {
        for byte in text.bytes().chain([0x1f]) {
            state ^= u64::from(byte);
            state = state.wrapping_mul(0x0000_0100_0000_01b3);
        }
    };
    for node in root.preorder() {
        feed(&node.title());
        feed(node.relation.as_deref().unwrap_or_default());
        feed(node.index.as_deref().unwrap_or_default());
        feed(match node.children.len() {
            0 => "",
            1 => "1",
            2 => "2",
            _ => "n",
        });
        for _ in &node.children {
            feed("(");
        }
    }
    format!("{state:016x}")
}
