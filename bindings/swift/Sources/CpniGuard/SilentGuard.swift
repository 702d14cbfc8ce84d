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
