// scripts/native-libraries --load: loads a library for Windows, starts a device session there and asks for a view.
// usage: load LIBRARY CRATE
#include <stdint.h>
#include <stdio.h>
#include <windows.h>

typedef struct {
    uint64_t capacity, len;
    uint8_t *data;
} Buffer;

typedef struct {
    int8_t code;
    Buffer error;
} Status;

static void *find(HMODULE library, const char *format, const char *crate) {
    char name[128];
    snprintf(name, sizeof name, format, crate);
    void *found = (void *)GetProcAddress(library, name);
    if (!found) printf("%s is not exported\n", name);
    return found;
}

int main(int count, char **argument) {
    HMODULE library = count == 3 ? LoadLibraryA(argument[1]) : NULL;
    if (!library) {
        printf("not loaded: error %lu\n", GetLastError());
        return 1;
    }
    uint64_t (*start)(Status *) = find(library, "uniffi_%s_fn_constructor_devicesession_start", argument[2]);
    Buffer (*request)(uint64_t, Status *) = find(library, "uniffi_%s_fn_method_devicesession_request", argument[2]);
    if (!start || !request) return 1;
    Status status = {0};
    uint64_t session = start(&status);
    if (status.code) return 1;
    Buffer asked = request(session, &status);
    // UniFFI writes a length of four bytes before the 40 of the request.
    printf("%s under Wine: a device session asked with %d bytes\n", argument[2], (int)asked.len - 4);
    return status.code || asked.len != 44;
}
