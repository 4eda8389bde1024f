//! The paths that a file of Rust names, read from its tokens.

use std::path::Path;

use proc_macro2::{Delimiter, TokenStream, TokenTree};

use crate::Result;

/// A path of the same crate, from its root.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Named {
    pub(super) path: Vec<String>,
    pub(super) line: usize,
}

/// The module that a file is, from the crate's root.
pub(super) fn module_of(file: &Path) -> Vec<String> {
    let text = file.to_string_lossy();
    let inside = text
        .rsplit_once("/src/")
        .map_or(&*text, |(_, inside)| inside);
    inside
        .trim_end_matches(".rs")
        .split('/')
        .filter(|part| !matches!(*part, "lib" | "main" | "mod"))
        .map(str::to_owned)
        .collect()
}

/// Every path of a file that begins with `crate`, `super` or `self`; tests are left out.
pub(super) fn absolute(text: &str, module: &[String]) -> Result<Vec<Named>> {
    let mut found = Vec::new();
    walk(text.parse::<TokenStream>()?, module, &mut found);
    Ok(found)
}

/// What a file's `use` items hand on: each name, and the module directly below `home` that it is of.
pub(super) fn handed_on(text: &str, home: &[String]) -> Result<Vec<(String, String)>> {
    let tokens: Vec<TokenTree> = text.parse::<TokenStream>()?.into_iter().collect();
    let mut names = Vec::new();
    for (at, token) in tokens.iter().enumerate() {
        if is_ident(Some(token), "use") {
            let mut found = Vec::new();
            tree(&tokens, at + 1, &[], &mut found);
            for named in found {
                let path = match named.path.as_slice() {
                    [first, rest @ ..] if first == "crate" => {
                        rest.strip_prefix(home).unwrap_or_default()
                    }
                    [first, rest @ ..] if first == "self" => rest,
                    path => path,
                };
                if let [room, .., name] = path {
                    names.push((name.clone(), room.clone()));
                }
            }
        }
    }
    Ok(names)
}

fn walk(tokens: TokenStream, module: &[String], found: &mut Vec<Named>) {
    let tokens: Vec<TokenTree> = tokens.into_iter().collect();
    let mut at = 0;
    while let Some(token) = tokens.get(at) {
        if is_cfg_test(&tokens, at) {
            at = after_item(&tokens, at + 2);
            continue;
        }
        match token {
            TokenTree::Ident(word) if word == "mod" => {
                if let (Some(TokenTree::Ident(name)), Some(TokenTree::Group(body))) =
                    (tokens.get(at + 1), tokens.get(at + 2))
                {
                    let mut inner = module.to_vec();
                    inner.push(name.to_string());
                    walk(body.stream(), &inner, found);
                    at += 3;
                    continue;
                }
            }
            TokenTree::Ident(word)
                if (word == "crate" || word == "super" || word == "self")
                    && is_separator(&tokens, at + 1)
                    && !(at >= 2 && is_separator(&tokens, at - 2)) =>
            {
                let mut base = match &*word.to_string() {
                    "crate" => Vec::new(),
                    "super" => parent(module),
                    _ => module.to_vec(),
                };
                at += 3;
                while is_ident(tokens.get(at), "super") && is_separator(&tokens, at + 1) {
                    base = parent(&base);
                    at += 3;
                }
                at = tree(&tokens, at, &base, found);
                continue;
            }
            TokenTree::Group(group) => walk(group.stream(), module, found),
            _ => {}
        }
        at += 1;
    }
}

/// Reads a path, or a tree of them in braces; the place behind it.
fn tree(tokens: &[TokenTree], at: usize, base: &[String], found: &mut Vec<Named>) -> usize {
    match tokens.get(at) {
        Some(TokenTree::Ident(name)) => {
            let mut path = base.to_vec();
            // `{self, …}` is the module itself.
            if name != "self" || base.is_empty() {
                path.push(name.to_string());
            }
            if is_separator(tokens, at + 1) {
                return tree(tokens, at + 3, &path, found);
            }
            found.push(Named {
                path,
                line: name.span().start().line,
            });
            at + 1
        }
        Some(TokenTree::Group(group)) if group.delimiter() == Delimiter::Brace => {
            let inner: Vec<TokenTree> = group.stream().into_iter().collect();
            let mut begins = true;
            for (place, token) in inner.iter().enumerate() {
                if begins {
                    tree(&inner, place, base, found);
                }
                begins = matches!(token, TokenTree::Punct(comma) if comma.as_char() == ',');
            }
            at + 1
        }
        // `*`, or the types of a turbofish.
        other => {
            if let Some(token) = other {
                found.push(Named {
                    path: base.to_vec(),
                    line: token.span().start().line,
                });
            }
            at
        }
    }
}

fn parent(module: &[String]) -> Vec<String> {
    module
        .split_last()
        .map_or_else(Vec::new, |(_, parent)| parent.to_vec())
}

fn is_ident(token: Option<&TokenTree>, word: &str) -> bool {
    matches!(token, Some(TokenTree::Ident(ident)) if ident == word)
}

/// Whether `::` stands there.
fn is_separator(tokens: &[TokenTree], at: usize) -> bool {
    let is_colon = |token: Option<&TokenTree>| matches!(token, Some(TokenTree::Punct(punct)) if punct.as_char() == ':');
    is_colon(tokens.get(at)) && is_colon(tokens.get(at + 1))
}

fn is_cfg_test(tokens: &[TokenTree], at: usize) -> bool {
    matches!(
        (tokens.get(at), tokens.get(at + 1)),
        (Some(TokenTree::Punct(hash)), Some(TokenTree::Group(group)))
            if hash.as_char() == '#' && group.stream().to_string().replace(' ', "") == "cfg(test)"
    )
}

/// The place behind the item that begins here: it ends with a body or a semicolon.
fn after_item(tokens: &[TokenTree], from: usize) -> usize {
    let length = tokens
        .get(from..)
        .unwrap_or_default()
        .iter()
        .position(|token| match token {
            TokenTree::Group(group) => group.delimiter() == Delimiter::Brace,
            TokenTree::Punct(punct) => punct.as_char() == ';',
            _ => false,
        });
    length.map_or(tokens.len(), |length| from + length + 1)
}
