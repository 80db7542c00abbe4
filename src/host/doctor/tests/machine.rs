use super::*;

#[test]
fn heat_is_noted_above_80_degrees() {
    let at = |millidegrees: &str| {
        let zone = "sys/class/thermal/thermal_zone0/temp";
        one(
            &report(&Root::raspberry_pi_4().file(zone, millidegrees)),
            "temperature",
        )
    };
    assert_eq!(at("80000"), found(Severity::Ok, "80 C"));
    assert_eq!(at("81500").0, Severity::Note);
    assert_eq!(
        named(&report(&Root::virtual_machine()), "temperature").len(),
        0
    );
}

#[test]
fn throttling_is_a_problem_now_and_a_note_afterwards() {
    let with = |bits: &str| {
        let file = "sys/devices/platform/soc/soc:firmware/get_throttled";
        report(&Root::raspberry_pi_4().file(file, bits))
    };
    assert_eq!(one(&with("0"), "throttling"), found(Severity::Ok, "none"));
    let now = with("50005");
    assert_eq!(
        one(&now, "throttling"),
        found(Severity::Problem, "now: under-voltage, throttled")
    );
    assert!(remedy(&now, "throttling").contains("power supply"));
    let earlier = with("80000");
    let finding = "since the start: soft temperature limit; not now";
    assert_eq!(one(&earlier, "throttling"), found(Severity::Note, finding));
    assert!(remedy(&earlier, "throttling").contains("fan"));
}

#[test]
fn a_governor_that_follows_the_load_is_noted() {
    let finding = "ondemand, 600 of 1500 MHz: the clock follows the load, so latency varies";
    let slow = report(&Root::raspberry_pi_4());
    assert_eq!(one(&slow, "governor"), found(Severity::Note, finding));
    let file = "sys/devices/system/cpu/cpufreq/policy0/scaling_governor";
    let fast = report(&Root::raspberry_pi_4().file(file, "performance"));
    assert_eq!(one(&fast, "governor").0, Severity::Ok);
}

#[test]
fn little_memory_is_noted() {
    assert_eq!(
        one(&report(&Root::raspberry_pi_zero_2_w()), "memory").0,
        Severity::Note
    );
    let roomy = one(&report(&Root::raspberry_pi_4()), "memory");
    assert_eq!(roomy, found(Severity::Ok, "3379 MB available"));
}

#[test]
fn a_clock_that_was_never_set_is_noted() {
    let unset = Root::new().file("run/systemd/timesync/other", "");
    assert_eq!(one(&report(&unset), "clock").0, Severity::Note);
    let set = unset.file("run/systemd/timesync/synchronized", "");
    assert_eq!(
        one(&report(&set), "clock"),
        found(Severity::Ok, "synchronised")
    );
    assert_eq!(named(&report(&Root::new()), "clock").len(), 0, "who knows");
}
