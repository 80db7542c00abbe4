//! What a person does with the results of a board of their own.

use std::path::{Path, PathBuf};

use super::machine::Machine;
use super::report::BenchReport;

/// The file of this machine's results, in the working folder.
pub(crate) fn result_file() -> PathBuf {
    Machine::read(Path::new("/")).file_name().into()
}

/// What to do with the results that were written to `path`.
pub(crate) fn how_to_send(path: &Path, report: &BenchReport) -> String {
    let path = path.display();
    let refused = match report.quick || !report.complete {
        true => "measure again first: results of --quick, and incomplete ones, are refused\n",
        false => "",
    };
    format!(
        "\nwrote {path} (face8x {}); nothing was sent\n\
         to publish it, add the file to docs/results of face8x in a pull request, or attach it to an issue;\n\
         say how the board is cooled and powered (docs/results/README.md)\n{refused}",
        report.version
    )
}
