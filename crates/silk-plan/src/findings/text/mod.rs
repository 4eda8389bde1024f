//! What the text of a condition says.

mod columns;
mod shown;
mod words;

pub(super) use columns::{cast_columns, columns, hidden_column, prefixes};
pub(super) use shown::shown;
pub(super) use words::{
    has_leading_wildcard, is_constant_flag, is_indexable, is_volatile, placeholders,
    without_literals,
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sees_what_hides_a_column() {
        assert_eq!(hidden_column("(lower(name) = 'x'::text)"), Some("lower"));
        assert_eq!(
            hidden_column("(date_trunc('day'::text, m.created) = '2020-01-01')"),
            Some("date_trunc")
        );
        assert_eq!(
            hidden_column("((j ->> 'k'::text) = 'v'::text)"),
            Some("->>")
        );
        assert_eq!(hidden_column("(name = lower('X'::text))"), None);
        assert_eq!(hidden_column("(name = 'lower(name) = 1'::text)"), None);
        assert_eq!(
            hidden_column("(created > date_trunc('day'::text, now()))"),
            None
        );
    }

    #[test]
    fn sees_casts() {
        assert_eq!(
            cast_columns("((id)::numeric = '5'::numeric)"),
            [("id".to_owned(), "numeric".to_owned())]
        );
        assert_eq!(
            cast_columns("((comment)::text = '123'::text)"),
            [("comment".to_owned(), "text".to_owned())]
        );
        assert!(cast_columns("(id = '5'::bigint)").is_empty());
        assert!(cast_columns("(note = '(id)::numeric = 1')").is_empty());
        assert!(cast_columns("(lower(name)::text = 'x')").is_empty());
    }

    #[test]
    fn sees_patterns_and_flags() {
        assert!(has_leading_wildcard("(body ~~ '%zzz%'::text)"));
        assert!(has_leading_wildcard("(body ~~* 'zzz%'::text)"));
        assert!(!has_leading_wildcard("(body ~~ 'zzz%'::text)"));
        assert!(!has_leading_wildcard("(body !~~ '%zzz%'::text)"));
        assert!(!has_leading_wildcard("(note = ' ~~ ''%x'::text)"));
        assert!(has_leading_wildcard("m.body like '%zzz%'"));
        assert!(!has_leading_wildcard("m.body not like '%zzz%'"));
        assert!(is_constant_flag("deleted"));
        assert!(is_constant_flag("(NOT weave_message.deleted)"));
        assert!(is_constant_flag("(status = 'flagged'::text)"));
        assert!(!is_constant_flag("(author_id = $1)"));
        assert_eq!(
            columns("((m.a = 1) OR (lower((b)::text) = 'c'::character varying) OR (\"D\" > $1))"),
            ["a", "b", "D"]
        );
        assert_eq!(
            columns("((at >= '2020-01-01'::timestamp without time zone) AND (at < now()))"),
            ["at"]
        );
        assert!(!is_indexable("(status <> 'read'::text)"));
        assert!(!is_indexable("(random() < '0.01'::double precision)"));
        assert!(is_indexable("((status <> 'read'::text) AND deleted)"));
        assert!(is_indexable("(brand = 'random('::text)"));
        assert_eq!(prefixes("((a.id = b.id) OR (a.name = b.name))"), ["a", "b"]);
    }
}
