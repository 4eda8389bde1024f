//! An expression as a tree.

/// A condition or value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Expr {
    /// A column.
    Column(Column),
    /// A constant, as written.
    Literal(String),
    /// A value that is bound or handed down: `$1`, `?`, `:name`.
    Param(String),
    /// A change of type.
    Cast(Box<Self>, String),
    /// A function with its arguments.
    Call(String, Vec<Self>),
    /// An operator between two; words (`LIKE`) in upper case.
    Operator(String, Box<Self>, Box<Self>),
    /// A sign.
    Sign(String, Box<Self>),
    /// The opposite.
    Not(Box<Self>),
    /// All of these.
    And(Vec<Self>),
    /// One of these.
    Or(Vec<Self>),
    /// `IS NULL`, `IS NOT NULL`, `IS TRUE`…: the words behind `IS`, in upper case.
    Is(Box<Self>, &'static str),
    /// One of a list.
    In(Box<Self>, Vec<Self>),
    /// An operator against each element of an array: `= ANY`.
    AnyOf(String, Box<Self>, Box<Self>),
    /// A list of expressions in brackets, a row or an array.
    List(Vec<Self>),
    /// Not understood.
    Opaque,
}

/// A column, by its name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Column {
    /// What the query calls its table, where it says so.
    pub(crate) table: Option<String>,
    /// Its name; `*` for all of them.
    pub(crate) name: String,
}

/// A key that rows are sorted by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SortKey {
    pub(crate) expr: Expr,
    pub(crate) descending: bool,
    /// Where it says so.
    pub(crate) nulls_first: Option<bool>,
}

impl Expr {
    /// The conditions that all hold where this one does.
    pub(crate) fn conjuncts(self) -> Vec<Self> {
        let mut found = Vec::new();
        let mut open = vec![self];
        while let Some(next) = open.pop() {
            match next {
                Self::And(parts) => open.extend(parts.into_iter().rev()),
                Self::Opaque => {}
                other => found.push(other),
            }
        }
        found
    }

    /// This and everything below.
    pub(crate) fn walk(&self) -> impl Iterator<Item = &Self> {
        let mut open = vec![self];
        std::iter::from_fn(move || {
            let next = open.pop()?;
            match next {
                Self::Column(_) | Self::Literal(_) | Self::Param(_) | Self::Opaque => {}
                Self::Cast(of, _) | Self::Sign(_, of) | Self::Not(of) | Self::Is(of, _) => {
                    open.push(of);
                }
                Self::Operator(_, left, right) | Self::AnyOf(_, left, right) => {
                    open.extend([&**right, &**left]);
                }
                Self::In(left, list) => {
                    open.extend(list.iter().rev());
                    open.push(left);
                }
                Self::Call(_, list) | Self::And(list) | Self::Or(list) | Self::List(list) => {
                    open.extend(list.iter().rev());
                }
            }
            Some(next)
        })
    }

    /// The columns it names, in order.
    pub(crate) fn columns(&self) -> impl Iterator<Item = &Column> {
        self.walk().filter_map(|part| match part {
            Self::Column(column) => Some(column),
            _ => None,
        })
    }

    /// Whether some part of it could not be read.
    pub(crate) fn is_opaque(&self) -> bool {
        self.walk().any(|part| *part == Self::Opaque)
    }

    /// Whether some part of it is only known when the query runs.
    pub(crate) fn has_param(&self) -> bool {
        self.walk().any(|part| matches!(part, Self::Param(_)))
    }
}
