/// A loop that is compiled for AVX2, too, besides the SSE2 of every x86-64 processor, and runs in that form
/// where the processor has it. The numbers are the same: nothing is fused. `$body` has to be `#[inline(always)]`.
#[doc(hidden)]
#[macro_export]
macro_rules! also_for_avx2 {
    ($(#[$doc:meta])* $scope:vis fn $name:ident$(<$of:ident: $bound:ident>)?(
        $($argument:ident: $type:ty),*
    ) as $body:ident) => {
        $(#[$doc])*
        $scope fn $name$(<$of: $bound>)?($($argument: $type),*) {
            #[cfg(target_arch = "x86_64")]
            {
                #[target_feature(enable = "avx2")]
                fn with_avx2$(<$of: $bound>)?($($argument: $type),*) {
                    $body($($argument),*);
                }
                if is_x86_feature_detected!("avx2") {
                    // SAFETY: the processor has AVX2.
                    return unsafe { with_avx2($($argument),*) };
                }
            }
            $body($($argument),*);
        }
    };
}
