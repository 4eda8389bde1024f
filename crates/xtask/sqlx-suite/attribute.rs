//! The attribute of an async test.

use proc_macro::{Delimiter, TokenStream, TokenTree};

/// Makes an async function without arguments a test, which runs by way of `sqlx_test::run`.
#[proc_macro_attribute]
pub fn test(_arguments: TokenStream, item: TokenStream) -> TokenStream {
    let mut head: Vec<TokenTree> = item.into_iter().collect();
    let Some(body) = head.pop() else {
        return TokenStream::new();
    };
    let is_async = |token: &TokenTree| matches!(token, TokenTree::Ident(word) if word.to_string() == "async");
    let Some(start) = head.iter().position(is_async) else {
        return "compile_error!(\"an async test has `async` before `fn`\");".parse().unwrap_or_default();
    };
    let attributes: TokenStream = head.drain(..start).collect();
    // `async` `fn` NAME `()` and, perhaps, what it returns.
    let name = head.get(2).map(ToString::to_string).unwrap_or_default();
    let returns: TokenStream = head
        .into_iter()
        .skip(3)
        .skip_while(|token| matches!(token, TokenTree::Group(group) if group.delimiter() == Delimiter::Parenthesis))
        .collect();
    format!(
        "#[::core::prelude::v1::test] {attributes} fn {name}() {returns} {{ \
             async fn body() {returns} {body} \
             ::sqlx_test::run(::core::concat!(::core::module_path!(), \"::{name}\"), body()) \
         }}"
    )
    .parse()
    .unwrap_or_default()
}
