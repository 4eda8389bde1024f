//! What a writing node reads, in one form for all versions and formats.

use crate::{PlanNode, Role};

/// Says of every ModifyTable's inputs whether they are one or many.
///
/// Up to 13 there is one for each table of an inheritance tree, and JSON calls even a single one
/// a member; the text never says what they are.
pub(super) fn name_inputs(root: &mut PlanNode) {
    let mut open = vec![root];
    while let Some(node) = open.pop() {
        if node.node_type == "ModifyTable" {
            let is_input = |child: &PlanNode| matches!(child.role, Role::Outer | Role::Member);
            let role = match node.children.iter().filter(|child| is_input(child)).count() {
                1 => Role::Outer,
                _ => Role::Member,
            };
            for child in node.children.iter_mut().filter(|child| is_input(child)) {
                child.role = role;
            }
        }
        open.extend(node.children.iter_mut());
    }
}
