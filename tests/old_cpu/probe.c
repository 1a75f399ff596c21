/* One instruction that old processors do not have, of AVX-512 or AVX by what it is compiled with: ends by SIGILL there. */
int main(void)
{
#if defined(PROBE_AVX512)
    __asm__ volatile("vpxorq %%zmm0, %%zmm0, %%zmm0" ::: "memory");
#else
    __asm__ volatile("vxorps %%ymm0, %%ymm0, %%ymm0" ::: "memory");
#endif
    return 0;
}
