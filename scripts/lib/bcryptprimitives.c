// For Wine 8, which lacks the library that Rust takes random bytes from on Windows: the one function of it.
#include <windows.h>
#include <ntsecapi.h>

__declspec(dllexport) BOOL WINAPI ProcessPrng(PBYTE out, SIZE_T len) { return RtlGenRandom(out, (ULONG)len); }
