// What is silent of a back end: see `Silent`.

extension Value: Silent {}
extension Record: Silent {}
extension Stored: Silent {}
extension Evidence: Silent {}
extension DisclosedView: Silent {}
extension Guard: Silent {}
extension Interaction: Silent {}
extension KeySource: Silent {}
extension GuardStore: Silent {}
extension AgentLookup: Silent {}
extension ContactLookup: Silent {}
extension GuardOptions: Silent {}
extension BatchView: Silent {}
extension RecordView: Silent {}
extension Row: Silent {}
extension Search: Silent {}
extension FoundAccounts: Silent {}
extension VaultToken: Silent {}
extension FormatToken: Silent {}
extension SealedToken: Silent {}
extension SubjectStore: Silent {}
extension KeyDesk: Silent {}
extension ResealJob: Silent {}
extension ColumnValue: Silent {}
