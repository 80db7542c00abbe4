use super::report;
use crate::bench::table::text;
use crate::bench::warning::Warning;

#[test]
fn every_figure_is_printed_once() {
    let mut report = report();
    report.cases[0].complete = false;
    report.complete = false;
    report.cases[0].joules_per_frame = Some(0.2);
    report.warnings.push(Warning::VirtualMachine);
    report.cases[0].latencies = vec![1_000_000, 1_200_000, 1_200_000];
    let text = text(&report);
    for line in [
        "Raspberry Pi 4 Model B Rev 1.4, 4 x Cortex-A72, kernel 6.6.51",
        "  restore             1024     0.500     0.600     0.700     0.900     1.000     2.000     0.610",
        "  INCOMPLETE: stopped early",
        "  1024 frames in 60.0 s: 17.1 a second, 0 skipped, 0 without a face",
        "  processor time 2.100 ms a frame, at most 40.5 MB of memory, 200.00 mJ a frame (3.41 W), other programs 0.01 cores",
        "Caveats:",
        "  virtual-machine: this is a virtual machine: its host may take time and change the clock unnoticed",
    ] {
        assert_eq!(
            text.lines().filter(|l| *l == line).count(),
            1,
            "{line:?} in:\n{text}"
        );
    }
    assert!(text.contains("2 ####"), "{text}");
}
