//! Expressions as text that an index can be made of.

use std::fmt::Write as _;

use super::{
    style::{Style, quote},
    tree::Expr,
};

/// The expression without the names of tables; none if part of it was not read.
pub(crate) fn render(expr: &Expr, style: Style) -> Option<String> {
    let mut out = String::new();
    write(expr, style, &mut out, true)?;
    Some(out)
}

/// Writes items with a sign or a word between them.
fn list(items: &[Expr], between: &str, style: Style, out: &mut String) -> Option<()> {
    for (at, item) in items.iter().enumerate() {
        if at > 0 {
            out.push_str(between);
        }
        write(item, style, out, between == ", ")?;
    }
    Some(())
}

/// Whether an expression within another needs brackets around it.
const fn is_compound(expr: &Expr) -> bool {
    matches!(
        expr,
        Expr::Operator(..)
            | Expr::Not(_)
            | Expr::And(_)
            | Expr::Or(_)
            | Expr::Is(..)
            | Expr::In(..)
            | Expr::AnyOf(..)
    )
}

fn cast(of: &Expr, name: &str, style: Style, out: &mut String) -> Option<()> {
    if !style.double_colon {
        out.push_str("CAST(");
        write(of, style, out, true)?;
        let _ = write!(out, " AS {name})");
        return Some(());
    }
    // A sign binds less than a cast.
    let is_simple = matches!(*of, Expr::Column(_) | Expr::Literal(_) | Expr::Call(..));
    if !is_simple {
        out.push('(');
    }
    write(of, style, out, true)?;
    if !is_simple {
        out.push(')');
    }
    let _ = write!(out, "::{name}");
    Some(())
}

fn write(expr: &Expr, style: Style, out: &mut String, is_outer: bool) -> Option<()> {
    let needs_brackets = !is_outer && is_compound(expr);
    if needs_brackets {
        out.push('(');
    }
    match expr {
        Expr::Column(column) => out.push_str(&quote(&column.name, style)),
        Expr::Literal(text) | Expr::Param(text) => out.push_str(text),
        Expr::Cast(of, name) => cast(of, name, style, out)?,
        Expr::Call(name, args) => {
            out.push_str(name);
            if !(args.is_empty() && name.to_ascii_uppercase().starts_with("CURRENT_")) {
                out.push('(');
                list(args, ", ", style, out)?;
                out.push(')');
            }
        }
        Expr::Operator(operator, left, right) => {
            write(left, style, out, false)?;
            let _ = write!(out, " {operator} ");
            write(right, style, out, false)?;
        }
        Expr::Sign(sign, of) => {
            out.push_str(sign);
            write(of, style, out, false)?;
        }
        Expr::Not(of) => {
            out.push_str("NOT ");
            write(of, style, out, false)?;
        }
        Expr::And(parts) => list(parts, " AND ", style, out)?,
        Expr::Or(parts) => list(parts, " OR ", style, out)?,
        Expr::Is(of, words) => {
            write(of, style, out, false)?;
            let _ = write!(out, " IS {words}");
        }
        Expr::In(of, items) => {
            write(of, style, out, false)?;
            out.push_str(" IN (");
            list(items, ", ", style, out)?;
            out.push(')');
        }
        Expr::AnyOf(operator, of, array) => {
            write(of, style, out, false)?;
            let _ = write!(out, " {operator} ANY (");
            write(array, style, out, true)?;
            out.push(')');
        }
        Expr::List(items) => {
            out.push_str(if style.double_colon { "ARRAY[" } else { "(" });
            list(items, ", ", style, out)?;
            out.push(if style.double_colon { ']' } else { ')' });
        }
        Expr::Opaque => return None,
    }
    if needs_brackets {
        out.push(')');
    }
    Some(())
}
