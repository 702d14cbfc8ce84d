//! What may be asked for a simple port: 47 CFR 52.36.

use crate::vocabulary::codes;

codes! {
    /// The 14 fields that a carrier may require for a simple port (47 CFR 52.36), and no other. The passcode is
    /// optional "unless the passcode has been requested and assigned by the end user" (52.36(c)).
    PortField {
        /// The ported telephone number.
        PortedNumber = 1, "ported_number";
        /// The account number.
        AccountNumber = 2, "account_number";
        /// The ZIP code.
        ZipCode = 3, "zip_code";
        /// The company code.
        CompanyCode = 4, "company_code";
        /// The new network service provider.
        NewNetworkServiceProvider = 5, "new_network_service_provider";
        /// The desired due date.
        DesiredDueDate = 6, "desired_due_date";
        /// The purchase order number.
        PurchaseOrderNumber = 7, "purchase_order_number";
        /// The version.
        Version = 8, "version";
        /// The number portability direction indicator.
        DirectionIndicator = 9, "direction_indicator";
        /// The customer carrier name abbreviation.
        CarrierName = 10, "carrier_name";
        /// The requisition type and status.
        RequisitionType = 11, "requisition_type";
        /// The activity.
        Activity = 12, "activity";
        /// The telephone number of the initiator.
        InitiatorNumber = 13, "initiator_number";
        /// The agency authority status.
        AgencyAuthority = 14, "agency_authority";
    }
}

impl PortField {
    /// Of the fields that a port interface of the host's asks for, by their names here, those that it may not
    /// require of a simple port.
    pub fn beyond<'f>(asked_for: impl IntoIterator<Item = &'f str>) -> impl Iterator<Item = &'f str> {
        asked_for.into_iter().filter(|field| Self::from_name(field).is_none())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_are_fourteen_and_what_is_more_is_named() {
        assert_eq!(PortField::ALL.len(), 14);
        let asked = ["account_number", "ssn_last4", "zip_code", "password"];
        assert!(PortField::beyond(asked).eq(["ssn_last4", "password"]));
    }
}
