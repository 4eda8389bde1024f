//! Full names of functions, from the program's own symbol table.
//!
//! Line tables alone (`debug = "line-tables-only"`) name an async function's body
//! `{async_fn#0}`; the symbol table has the whole path, where the program was not stripped.

use std::{fs::File, sync::OnceLock};

use object::{
    Object as _, ObjectSymbol as _, ObjectSymbolTable as _, ReadCache, SymbolIndex, SymbolKind,
};

use super::origin;

/// The program's functions by address, sorted; empty where there is no table.
struct Symbols {
    functions: Vec<Function>,
    /// What the loader added to the addresses of the file.
    bias: u64,
}

/// Names are read again from the file when one is asked for: few are, and all of them would fill
/// megabytes and take seconds to make readable in a debug build.
struct Function {
    start: u64,
    end: u64,
    index: SymbolIndex,
}

/// The name of the app's function that holds a return address.
///
/// The first call reads the program's symbol table: some 100 ms for a large program.
pub(super) fn function_at(address: usize) -> Option<String> {
    static SYMBOLS: OnceLock<Option<Symbols>> = OnceLock::new();
    let symbols = SYMBOLS.get_or_init(Symbols::read).as_ref()?;
    // A return address is that of the instruction after the call.
    let address = u64::try_from(address)
        .ok()?
        .wrapping_sub(symbols.bias)
        .wrapping_sub(1);
    let after = symbols
        .functions
        .partition_point(|function| function.start <= address);
    let function = symbols.functions.get(after.checked_sub(1)?)?;
    if address >= function.end {
        return None;
    }
    let cache = ReadCache::new(File::open(std::env::current_exe().ok()?).ok()?);
    let file = object::File::parse(&cache).ok()?;
    let symbol = file.symbol_table()?.symbol_by_index(function.index).ok()?;
    // The file may have been replaced since.
    if symbol.address() != function.start {
        return None;
    }
    let name = format!("{:#}", rustc_demangle::demangle(symbol.name().ok()?));
    (name.contains("::") && origin::is_app(&name, "symbol.rs")).then_some(name)
}

impl Symbols {
    fn read() -> Option<Self> {
        let cache = ReadCache::new(File::open(std::env::current_exe().ok()?).ok()?);
        let file = object::File::parse(&cache).ok()?;
        let mut functions = Vec::new();
        let mut marked = None;
        for symbol in file.symbols() {
            if symbol.kind() != SymbolKind::Text || symbol.address() == 0 {
                continue;
            }
            let (start, size) = (symbol.address(), symbol.size().max(1));
            functions.push(Function {
                start,
                end: start.saturating_add(size),
                index: symbol.index(),
            });
            // Written so in both ways of mangling.
            let is_marker = marked.is_none()
                && symbol
                    .name()
                    .is_ok_and(|name| name.contains("9call_site7symbols6marker"));
            if is_marker {
                marked = Some(start);
            }
        }
        functions.sort_unstable_by_key(|function| function.start);
        let loaded = u64::try_from(marker as fn() -> u32 as usize).ok()?;
        Some(Self {
            functions,
            bias: loaded.wrapping_sub(marked?),
        })
    }
}

/// Where this is in the file and where it is in memory tells what the loader added.
#[inline(never)]
fn marker() -> u32 {
    std::hint::black_box(0x5117)
}
