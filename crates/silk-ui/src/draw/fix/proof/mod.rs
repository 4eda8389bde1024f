//! What to run to prove an offered query: the recorded values, and the same text with all of them.

use silk_core::{
    DatabaseKind, QueryRecord, RequestRecord, Value,
    explain::{KeyColumn, OneStatement, OneValue, ProofRequest},
    sql::SqlTokenClass,
};

use super::{Asked, Compared, Tokens, around, array, rewrite, written};

/// Why an offered query cannot be proved.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NoProof {
    /// No query is offered in place of the statement.
    NoRewrite,
    /// The values of its runs were not captured.
    NoValues,
}

/// The question whether one query gives the rows of a repeated one. Made of the same parts as
/// [`fix`](super::fix), so that what is proved is what is offered.
pub(crate) fn proof_request(
    record: &RequestRecord,
    queries: &[&QueryRecord],
) -> Result<ProofRequest, NoProof> {
    let rewrite = rewrite(record, queries).ok_or(NoProof::NoRewrite)?;
    let (tokens, compared) = (&rewrite.tokens, &rewrite.compared);
    let first = queries.first().ok_or(NoProof::NoRewrite)?;
    let text = usize::try_from(first.text).ok();
    let text = text.and_then(|at| record.detail.texts.get(at));
    let text = text.ok_or(NoProof::NoRewrite)?;
    let values = first.values.clone().ok_or(NoProof::NoValues)?;
    let (keys, runs) = keys(queries, compared.varied).ok_or(NoProof::NoValues)?;
    let places = places(tokens, values.len()).ok_or(NoProof::NoRewrite)?;
    let (one, asked) = match rewrite.kind {
        DatabaseKind::Postgres => with_array(tokens, compared, values.len()),
        _ => with_list(tokens, compared, &places, keys.len()),
    }
    .ok_or(NoProof::NoRewrite)?;
    Ok(ProofRequest {
        database: (*text.database).clone(),
        sql: text.text.to_string(),
        is_redacted: text.is_redacted,
        values,
        varied: compared.varied,
        keys,
        runs,
        one,
        key_column: match asked {
            Asked::WithColumn { at: Some(at) } => KeyColumn::At(at),
            Asked::WithColumn { at: None } => KeyColumn::Named(bare(&compared.column)),
            Asked::WithoutColumn | Asked::Summed => KeyColumn::InFront,
        },
        is_summed: asked == Asked::Summed,
        is_ordered: is_ordered(&tokens[compared.after..]),
        is_confirmed: false,
    })
}

/// The different keys in the order in which they came, and for each run its key.
fn keys(queries: &[&QueryRecord], varied: usize) -> Option<(Vec<Value>, Vec<usize>)> {
    let mut places = std::collections::HashMap::new();
    let mut keys: Vec<Value> = Vec::new();
    let mut runs = Vec::with_capacity(queries.len());
    for query in queries {
        let key = query.values.as_ref()?.get(varied)?;
        // Values that are not kept whole count as one; that they cannot be bound comes up later.
        let bytes = key.bytes();
        let at = *places
            .entry((key.type_name.as_str(), bytes))
            .or_insert_with(|| {
                keys.push(key.clone());
                keys.len() - 1
            });
        runs.push(at);
    }
    Some((keys, runs))
}

/// For each placeholder in the order of the text, which value it stands for.
fn places(tokens: &Tokens<'_>, values: usize) -> Option<Vec<(usize, usize)>> {
    let placeholders = (0..tokens.len()).filter(|at| tokens[*at].0 == SqlTokenClass::Placeholder);
    placeholders
        .enumerate()
        .map(|(place, at)| {
            let number = tokens[at].1.get(1..).and_then(|name| name.parse().ok());
            let value = number.map_or(Some(place), |number: usize| number.checked_sub(1))?;
            (value < values).then_some((at, value))
        })
        .collect()
}

fn with_array(
    tokens: &Tokens<'_>,
    compared: &Compared,
    values: usize,
) -> Option<(OneStatement, Asked)> {
    let (head, tail, asked) = around(tokens, compared, &written)?;
    let value = |at| {
        if at == compared.varied {
            OneValue::Array
        } else {
            OneValue::Shared(at)
        }
    };
    let one = OneStatement {
        sql: format!("{head}{}{tail}", array(tokens, compared)),
        values: (0..values).map(value).collect(),
    };
    Some((one, asked))
}

/// With as many placeholders as there are keys: all of them plain, in the order of the text.
fn with_list(
    tokens: &Tokens<'_>,
    compared: &Compared,
    places: &[(usize, usize)],
    keys: usize,
) -> Option<(OneStatement, Asked)> {
    let plain = |tokens: &Tokens<'_>| -> String {
        let text = |(class, text): &(SqlTokenClass, &str)| match class {
            SqlTokenClass::Placeholder => "?".to_owned(),
            _ => (*text).to_owned(),
        };
        tokens.iter().map(text).collect()
    };
    let (head, tail, asked) = around(tokens, compared, &plain)?;
    let list = vec!["?"; keys].join(", ");
    let value = |(at, value): &(usize, usize)| {
        if *at == compared.place {
            OneValue::EachKey
        } else {
            OneValue::Shared(*value)
        }
    };
    let one = OneStatement {
        sql: format!("{head}IN ({list}){tail}"),
        values: places.iter().map(value).collect(),
    };
    Some((one, asked))
}

/// The column's name without its table and quotes.
fn bare(column: &str) -> String {
    let name = column.rsplit('.').next().unwrap_or(column);
    name.trim_matches(['"', '`', '[', ']']).to_owned()
}

/// Whether the statement itself is ordered, and not something within parentheses.
fn is_ordered(tail: &Tokens<'_>) -> bool {
    let mut depth = 0_u32;
    tail.iter().any(|(class, text)| {
        match *text {
            "(" => depth += 1,
            ")" => depth = depth.saturating_sub(1),
            _ => {}
        }
        depth == 0 && *class == SqlTokenClass::Keyword && text.eq_ignore_ascii_case("ORDER")
    })
}

#[cfg(test)]
mod tests;
