"""What others make of the tables of the benchmark `score`: logistic regression of scikit-learn, and XGBoost.

    score_peers.py FOLDER TO

reads the tables in FOLDER and writes `TO/<table>-<split>.<peer>.txt` with `place probability` of each row kept back: three of
ten by the hash of split and place, as ours keeps them back (`crates/trunkline-core/examples/score/data.rs`), and for the first
table once more the last three of ten in the order of time. Columns that tell what was known only afterwards are dropped.
"""

import sys
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.compose import make_column_transformer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from xgboost import XGBClassifier

TABLES = {
    "bank": ("bank_marketing_calls.csv", ";", "y", "yes", ["duration"]),
    "xedu": (
        "leads_x_education.csv",
        ",",
        "Converted",
        "1",
        [
            "Prospect ID",
            "Lead Number",
            "Tags",
            "Lead Quality",
            "Lead Profile",
            "Asymmetrique Activity Index",
            "Asymmetrique Profile Index",
            "Asymmetrique Activity Score",
            "Asymmetrique Profile Score",
            "Last Activity",
            "Last Notable Activity",
        ],
    ),
    "coil": ("coil2000_insurance.csv", ",", "CARAVAN", "1", []),
}
SYNTHETIC = {"synthetic": ("synthetic.csv", ",", "outcome", "1", [])}
MASK = (1 << 64) - 1
SPLITS = 5


def mixed(x: int) -> int:
    """The finaliser of SplitMix64."""
    x = ((x ^ (x >> 30)) * 0xBF58476D1CE4E5B9) & MASK
    x = ((x ^ (x >> 27)) * 0x94D049BB133111EB) & MASK
    return x ^ (x >> 31)


def read(folder: Path, table: tuple) -> tuple[pd.DataFrame, np.ndarray]:
    """The columns that may be seen, numbers as such, and the outcomes."""
    file, separator, outcome, yes, dropped = table
    rows = pd.read_csv(folder / file, sep=separator, dtype=str, keep_default_na=False)
    outcomes = (rows.pop(outcome) == yes).to_numpy()
    rows = rows.drop(columns=dropped)
    for name in rows:
        numbers = pd.to_numeric(rows[name].replace("", np.nan), errors="coerce")
        if numbers.notna().any() and numbers.notna().sum() == (rows[name] != "").sum():
            rows[name] = numbers
    return rows, outcomes


def peers(rows: pd.DataFrame) -> dict:
    """The peers, each with what it needs in front of it; settings are usual ones, not searched for on these rows."""
    numbers = [name for name in rows if pd.api.types.is_numeric_dtype(rows[name])]
    words = [name for name in rows if name not in numbers]
    one_hot = OneHotEncoder(handle_unknown="ignore", min_frequency=5)
    measured = make_pipeline(SimpleImputer(add_indicator=True), StandardScaler())
    return {
        "lr": make_pipeline(
            make_column_transformer((measured, numbers), (one_hot, words)),
            LogisticRegression(max_iter=2_000),
        ),
        "xgb": make_pipeline(
            make_column_transformer(("passthrough", numbers), (one_hot, words)),
            XGBClassifier(
                n_estimators=300,
                max_depth=4,
                learning_rate=0.05,
                subsample=0.8,
                colsample_bytree=0.8,
                min_child_weight=5,
                n_jobs=2,
                random_state=1,
            ),
        ),
    }


def judge(to: Path, name: str, rows: pd.DataFrame, outcomes: np.ndarray, test: np.ndarray) -> None:
    """Teaches the peers what is not kept back, and writes what they say of the rest."""
    places = np.flatnonzero(test)
    for peer, model in peers(rows).items():
        model.fit(rows[~test], outcomes[~test])
        said = model.predict_proba(rows[test])[:, 1]
        lines = (f"{place} {probability:.9f}" for place, probability in zip(places, said))
        (to / f"{name}.{peer}.txt").write_text("\n".join(lines) + "\n")


def main() -> None:
    """Judges every table."""
    folder, to = Path(sys.argv[1]), Path(sys.argv[2])
    tables = SYNTHETIC if (folder / "synthetic.csv").exists() else TABLES
    for place, (name, table) in enumerate(tables.items()):
        rows, outcomes = read(folder, table)
        for split in range(SPLITS):
            test = np.array([mixed(split << 32 | row) % 10 < 3 for row in range(len(rows))])
            judge(to, f"{name}-{split}", rows, outcomes, test)
        if place == 0:
            last = np.arange(len(rows)) >= len(rows) * 7 // 10
            judge(to, f"{name}-in-time", rows, outcomes, last)


if __name__ == "__main__":
    main()
