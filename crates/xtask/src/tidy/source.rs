//! What a source file is measured by: its first line, its length, and the lengths of its functions.
//!
//! Tests are left out: modules and functions under `#[cfg(test)]` or `#[test]`. What stands within a
//! macro is not seen.

use proc_macro2::Span;
use syn::{
    Attribute, Block, ImplItemFn, ItemFn, ItemMod, Meta, Signature, TraitItemFn,
    visit::{self, Visit},
};

use crate::Result;

/// A function and its lines, from its signature to its last brace.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Function {
    pub(super) name: String,
    pub(super) lines: usize,
}

/// One source file, measured.
#[derive(Debug, Default)]
pub(super) struct Source {
    /// Whether it opens with what it is for (`//!`).
    pub(super) says_its_purpose: bool,
    /// Lines without tests.
    pub(super) lines: usize,
    pub(super) functions: Vec<Function>,
    /// Modules for tests that stand in files of their own.
    pub(super) test_modules: Vec<String>,
}

impl Source {
    /// Measures a source text.
    pub(super) fn of(text: &str) -> Result<Self> {
        let mut source = Self {
            says_its_purpose: text.starts_with("//!"),
            lines: text.lines().count(),
            ..Self::default()
        };
        source.visit_file(&syn::parse_file(text)?);
        Ok(source)
    }

    fn measure(&mut self, signature: &Signature, block: &Block) {
        let start = signature.fn_token.span.start().line;
        let end = block.brace_token.span.close().end().line;
        self.functions.push(Function {
            name: signature.ident.to_string(),
            lines: end + 1 - start,
        });
    }

    /// Leaves the lines of a test out.
    fn leave_out(&mut self, attributes: &[Attribute], start: Span, end: Span) {
        let first = attributes
            .iter()
            .map(|attribute| attribute.pound_token.span)
            .chain([start]);
        let start = first.map(|span| span.start().line).min();
        let lines = end.end().line + 1 - start.unwrap_or_default();
        self.lines = self.lines.saturating_sub(lines);
    }
}

impl<'ast> Visit<'ast> for Source {
    fn visit_item_mod(&mut self, module: &'ast ItemMod) {
        if !is_test(&module.attrs) {
            return visit::visit_item_mod(self, module);
        }
        match &module.content {
            Some((brace, _)) => {
                self.leave_out(&module.attrs, module.mod_token.span, brace.span.close());
            }
            None => self.test_modules.push(module.ident.to_string()),
        }
    }

    fn visit_item_fn(&mut self, function: &'ast ItemFn) {
        if is_test(&function.attrs) {
            let end = function.block.brace_token.span.close();
            return self.leave_out(&function.attrs, function.sig.fn_token.span, end);
        }
        self.measure(&function.sig, &function.block);
        visit::visit_item_fn(self, function);
    }

    fn visit_impl_item_fn(&mut self, function: &'ast ImplItemFn) {
        if !is_test(&function.attrs) {
            self.measure(&function.sig, &function.block);
            visit::visit_impl_item_fn(self, function);
        }
    }

    fn visit_trait_item_fn(&mut self, function: &'ast TraitItemFn) {
        if let Some(block) = &function.default {
            self.measure(&function.sig, block);
        }
        visit::visit_trait_item_fn(self, function);
    }
}

/// Whether something is compiled for tests alone.
fn is_test(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| match &attribute.meta {
        Meta::Path(path) => path.is_ident("test"),
        Meta::List(list) => list.path.is_ident("cfg") && list.tokens.to_string() == "test",
        Meta::NameValue(_) => false,
    })
}

#[cfg(test)]
mod tests {
    use super::{Function, Source};

    fn function(name: &str, lines: usize) -> Function {
        Function {
            name: name.to_owned(),
            lines,
        }
    }

    #[test]
    fn functions_are_measured_wherever_they_stand() {
        let source = Source::of(
            "//! Purpose.\n\
             /// Documentation\n/// counts for nothing.\n#[inline]\npub async fn free() {\n    1;\n}\n\
             impl T {\n    fn method(\n        &self,\n    ) {\n        fn inner() {}\n        let c = || {\n        };\n    }\n}\n\
             trait U {\n    fn without_a_body(\n    );\n    fn with_a_body() {\n    }\n}\n\
             mod m {\n    fn within() {}\n}\n",
        )
        .unwrap();
        assert!(source.says_its_purpose);
        assert_eq!(
            source.functions,
            [
                function("free", 3),
                function("method", 7),
                function("inner", 1),
                function("with_a_body", 2),
                function("within", 1),
            ]
        );
    }

    #[test]
    fn tests_are_left_out_wherever_they_stand() {
        let source = Source::of(
            "#[cfg(test)]\nmod fixtures;\n\
             #[cfg(test)]\n#[path = \"x.rs\"]\nmod tests {\n    fn long() {\n    }\n}\n\
             #[test]\nfn one() {\n}\n\
             #[cfg(not(test))]\nfn kept() {\n}\n",
        )
        .unwrap();
        assert!(!source.says_its_purpose);
        assert_eq!(source.test_modules, ["fixtures"]);
        assert_eq!(source.functions, [function("kept", 2)]);
        assert_eq!(source.lines, 2 + 3);
    }
}
