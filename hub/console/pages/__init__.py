"""The pages inside the Airflow UI. They know nothing of Airflow: who may do what is handed in as dependencies."""
