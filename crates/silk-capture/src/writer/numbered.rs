//! Lists whose items go by their number: texts and call sites of a request.

/// What stands at `number`, where anything does.
pub(super) fn index<T>(items: &[T], number: u32) -> Option<&T> {
    usize::try_from(number)
        .ok()
        .and_then(|number| items.get(number))
}
