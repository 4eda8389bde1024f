//! Procedures of SQL Server and Sybase that are called without parentheses: `EXEC sp_addlogin
//! 'bob', 'hunter2'`.

use super::{
    Walk,
    group::{GroupKind, Procedure},
};
use crate::sql::{
    lexer::{Kind, Lexeme},
    quoted::unquoted,
};

/// Procedures that are given secrets, and which of their arguments are some, from 0. Sorted.
const PROCEDURES: &[(&str, &[usize])] = &[
    ("sp_add_log_shipping_primary_database", ALL),
    ("sp_addapprole", &[1]),
    ("sp_adddistributor", &[3]),
    ("sp_addlinkedserver", &[5]),
    ("sp_addlinkedsrvlogin", &[4]),
    ("sp_addlogin", &[1]),
    ("sp_approlepassword", &[1]),
    ("sp_change_users_login", &[3]),
    ("sp_changedistributor_password", &[0]),
    ("sp_control_dbmasterkey_password", ALL),
    ("sp_password", &[0, 1]),
    ("sp_setapprole", &[1]),
    ("sp_xp_cmdshell_proxy_account", &[1]),
];

/// Where all arguments may be secrets.
const ALL: &[usize] = &[];

/// Which arguments of a procedure are secrets; none if the procedure is not known.
fn secrets_of(name: &str) -> Option<&'static [usize]> {
    let is_it = |known: &(&str, &[usize])| known.0.eq_ignore_ascii_case(name);
    PROCEDURES
        .iter()
        .find(|known| is_it(known))
        .map(|(_, secrets)| *secrets)
}

/// Whether a function or procedure is one that is given secrets.
pub(super) fn is_given_secrets(name: &str) -> bool {
    name.len() > 3
        && name.as_bytes()[..3].eq_ignore_ascii_case(b"sp_")
        && secrets_of(name).is_some()
}

impl Walk<'_, '_> {
    /// Begins the arguments of the procedure that the word at `index` calls; `false` where it calls
    /// none that is given secrets.
    pub(super) fn procedure(&mut self, index: usize, lexeme: &Lexeme<'_>) -> bool {
        let is_first = self
            .before(index)
            .is_none_or(|before| before.is_sign(";") || before.is_word("GO"));
        let (mut last, is_called) = if lexeme.is_any_word(&["EXEC", "EXECUTE"]) {
            (index + 1, true)
        } else if is_first && is_given_secrets(lexeme.text) {
            (index, false)
        } else {
            return false;
        };
        // `EXEC @result = dbo.p`, `master..p`
        if self
            .at(last)
            .is_some_and(|name| name.kind == Kind::Placeholder)
            && self.at(last + 1).is_some_and(|sign| sign.is_sign("="))
        {
            last += 2;
        }
        while self.at(last + 1).is_some_and(|sign| sign.is_sign(".")) {
            last += 2;
            last += usize::from(self.at(last).is_some_and(|sign| sign.is_sign(".")));
        }
        let Some(name) = self.at(last).filter(|name| name.is_name()).copied() else {
            return false;
        };
        let name = unquoted(&name);
        let secrets = secrets_of(name)
            .or_else(|| (is_called && self.redactor.is_sensitive(name)).then_some(ALL));
        let is_call = self.at(last + 1).is_some_and(|next| next.is_sign("("));
        let Some(secrets) = secrets.filter(|_| !is_call) else {
            return false;
        };
        self.skip_to = last + 1;
        self.group().procedure = Some(Procedure { secrets, at: 0 });
        self.argument(last + 1);
        true
    }

    /// Goes on to the next argument of a procedure, which begins at `index`; `false` where none is
    /// being called.
    pub(super) fn next_argument(&mut self, index: usize) -> bool {
        let group = self.group();
        let is_query = group.kind == GroupKind::Query;
        let Some(procedure) = group.procedure.as_mut().filter(|_| is_query) else {
            return false;
        };
        procedure.at += 1;
        self.argument(index);
        true
    }

    fn argument(&mut self, index: usize) {
        let Some(procedure) = self.group().procedure else {
            return;
        };
        // One that is named says itself what it is.
        let is_named = self
            .at(index)
            .is_some_and(|name| name.kind == Kind::Placeholder)
            && self.at(index + 1).is_some_and(|sign| sign.is_sign("="));
        let is_all = procedure.secrets.is_empty();
        self.cut(procedure.is_secret() && (is_all || !is_named));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn procedures_are_sorted_to_be_found() {
        assert!(PROCEDURES.is_sorted_by_key(|(name, _)| *name));
    }
}
