//! A transaction submitted whole: statements with the number of rows each must change.

use super::row::Row;
use super::statement::Statement;
use super::value::Val;

/// How many rows a statement must change or return.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expect {
    /// Exactly so many.
    Rows(u64),
    /// At least so many.
    AtLeast(u64),
    /// Any number.
    Any,
}

impl Expect {
    pub(super) fn holds(self, rows: u64) -> bool {
        match self {
            Expect::Rows(wanted) => rows == wanted,
            Expect::AtLeast(wanted) => rows >= wanted,
            Expect::Any => true,
        }
    }
}

#[derive(Debug, Clone)]
pub(super) struct Step {
    pub(super) statement: Statement,
    pub(super) args: Vec<Val>,
    pub(super) expect: Expect,
}

/// Statements to run as one: all of them take effect, or none.
#[derive(Debug, Clone, Default)]
pub struct Transaction {
    pub(super) steps: Vec<Step>,
}

impl Transaction {
    /// A transaction without statements.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a statement that must change (or return) as many rows as expected, else everything is rolled back.
    #[must_use]
    pub fn step(mut self, statement: Statement, args: Vec<Val>, expect: Expect) -> Self {
        self.push(statement, args, expect);
        self
    }

    /// Adds a statement in place.
    pub fn push(&mut self, statement: Statement, args: Vec<Val>, expect: Expect) {
        self.steps.push(Step {
            statement,
            args,
            expect,
        });
    }

    /// Adds everything of another one.
    pub fn append(&mut self, other: Self) {
        self.steps.extend(other.steps);
    }

    /// How many statements there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.steps.len()
    }

    /// Whether there is nothing to run.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.steps.is_empty()
    }
}

/// What became of a submitted transaction.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    /// Durable. Holds what each statement returned or changed.
    Committed(Vec<StepResult>),
    /// The statement at `index` changed `rows` rows instead of the expected number. Nothing took effect.
    Unexpected {
        /// The position of the statement.
        index: usize,
        /// How many rows it changed or returned.
        rows: u64,
    },
}

impl Outcome {
    /// Whether the transaction took effect.
    #[must_use]
    pub fn is_committed(&self) -> bool {
        matches!(self, Outcome::Committed(_))
    }
}

/// What one statement of a transaction did.
#[derive(Debug, Clone, PartialEq)]
pub struct StepResult {
    /// Rows changed, or returned when the statement returns rows.
    pub count: u64,
    /// The rows of a `SELECT` or a `RETURNING`.
    pub rows: Vec<Row>,
}
