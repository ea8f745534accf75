"""The routes by what they are about; each module has one router, every route guarded by the policy table."""
